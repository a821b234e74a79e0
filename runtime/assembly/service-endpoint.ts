/**
 * One service of the catalog as an HTTP endpoint: a proxy before its stdio server, or the native server itself. The
 * embedded gateway mounts it, a container serves it alone.
 */
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Service } from '../config/catalog.ts';
import type { CallerContext } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import type { ServiceProcess } from '../config/process.ts';
import type { ConfigValues } from '../config/schema.ts';
import { headerValueProblem } from '../config/remote-target.ts';
import { userFolder } from '../config/user-folder.ts';
import type { Launch } from '../install/launch.ts';
import { type ChildCommand, createProxy } from '../proxy/app.ts';
import type { UpstreamTarget } from '../remote/app.ts';
import type { NativeServiceOptions } from '../services/native.ts';

export interface ServiceEndpoint {
  /** Serves `/mcp` and `/health`. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  stats(): { sessions: number; children: number };
  /** @returns Prometheus' text format 0.0.4 */
  metrics(): string;
  /** Ends sessions, streams and children. */
  close(): Promise<void>;
}

/** The settings that an endpoint takes from the configuration. */
export type EndpointLimits = Pick<
  ConfigValues,
  | 'SESSION_TIMEOUT'
  | 'MCP_MAX_SESSIONS'
  | 'MCP_MAX_SESSIONS_PER_USER'
  | 'MCP_MAX_CHILDREN'
  | 'MCP_MAX_CHILDREN_PER_USER'
  | 'MCP_SPARE_CHILDREN'
  | 'MCP_MAX_MESSAGE_BYTES'
  | 'MCP_CORS_ORIGINS'
  | 'MCP_FETCHS_ALLOWED_HOSTS'
  | 'MCP_FETCHS_IGNORE_ROBOTS'
  | 'SERVICE_DOCUMENTATION'
>;

export interface EndpointOptions {
  service: Service;
  contextKey: Uint8Array;
  limits: EndpointLimits;
  /** What `.env` says of this service's children alone. */
  process?: ServiceProcess | undefined;
  /** Where its users' folders are made; absolute. */
  dataFolder: string;
  /** Values of the catalog entry's `env` of kind `secret`, by the secret's name. */
  secrets: (name: string) => string | undefined;
  /** What a child gets before the catalog's own variables. */
  environment: Record<string, string>;
  /** Where a child starts, instead of in its data folder. */
  cwd?: string;
  logger: Logger;
}

/** A catalog entry that this release cannot serve. */
export class UnknownNativeServiceError extends Error {
  override name = 'UnknownNativeServiceError';
}

type CreateNative = (options: NativeServiceOptions, limits: EndpointLimits) => ServiceEndpoint;

/** Our own servers, by their name in the catalog; loaded where they run, because a proxy's container is small without them. */
const NATIVE = new Map<string, () => Promise<CreateNative>>([
  ['echo-stateful', async () => (await import('../services/echo-stateful/server.ts')).createEchoStateful],
  ['echo-stateless', async () => (await import('../services/echo-stateless/server.ts')).createEchoStateless],
  ['fetchs', async () => (await import('./fetchs.ts')).createConfiguredFetchs],
]);

/** @throws UnknownNativeServiceError */
export async function nativeEndpoint(options: EndpointOptions): Promise<ServiceEndpoint> {
  const { service, limits } = options;
  const load = NATIVE.get(service.name);
  if (load === undefined) throw new UnknownNativeServiceError(`${service.name} is not part of this release`);
  const create = await load();
  const common: NativeServiceOptions = {
    service: service.name,
    contextKey: options.contextKey,
    allowedOrigins: limits.MCP_CORS_ORIGINS,
    environment: () => process.env,
    logger: options.logger,
    maxBodyBytes: limits.MCP_MAX_MESSAGE_BYTES,
    maxSessions: limits.MCP_MAX_SESSIONS,
    maxSessionsPerUser: limits.MCP_MAX_SESSIONS_PER_USER,
    sessionIdleSeconds: limits.SESSION_TIMEOUT,
  };
  return create(common, limits);
}

/** The value of a header cannot be sent. */
export class HeaderValueError extends Error {
  override name = 'HeaderValueError';
}

/**
 * A server elsewhere; loaded where there is one, like our own servers.
 * @throws HeaderValueError
 */
export async function remoteEndpoint(options: EndpointOptions): Promise<ServiceEndpoint> {
  const { service, limits } = options;
  const target = remoteTarget(options);
  const { createRemote } = await import('../remote/app.ts');
  return createRemote({
    service: service.name,
    target,
    contextKey: options.contextKey,
    allowedOrigins: limits.MCP_CORS_ORIGINS,
    logger: options.logger,
    limits: {
      maxMessageBytes: limits.MCP_MAX_MESSAGE_BYTES,
      maxSessions: limits.MCP_MAX_SESSIONS,
      maxSessionsPerUser: limits.MCP_MAX_SESSIONS_PER_USER,
      sessionIdleSeconds: limits.SESSION_TIMEOUT,
    },
  });
}

/** The error says nothing of the value, which may be a secret. */
function remoteTarget({ service, secrets }: EndpointOptions): UpstreamTarget {
  const headers = Object.entries(service.remote?.headers ?? {}).map(([name, entry]) => {
    const value = 'value' in entry ? entry.value : (secrets(entry.secret) ?? '');
    const problem = headerValueProblem(value);
    const what = 'secret' in entry ? `${entry.secret}, the header ${name},` : `the header ${name}`;
    if (problem !== undefined) throw new HeaderValueError(`${what} ${problem}`);
    return [name, value] as const;
  });
  return { url: service.remote?.url ?? '', headers: Object.fromEntries(headers) };
}

/** @param launch what starts the stdio server; the catalog's arguments come behind its own, and `{data}` is filled in in all of them */
export function proxiedEndpoint(options: EndpointOptions, launch: Launch): ServiceEndpoint {
  const { service, limits } = options;
  return createProxy({
    service: service.name,
    command: (caller) => childCommand(options, launch, caller),
    contextKey: options.contextKey,
    allowedOrigins: limits.MCP_CORS_ORIGINS,
    clientRoots: service.clientRoots,
    logger: options.logger,
    spares: options.process?.spares ?? limits.MCP_SPARE_CHILDREN,
    perUser: service.data === 'user',
    process: options.process?.model ?? service.process,
    serialCalls: service.serialCalls ?? false,
    limits: {
      maxMessageBytes: limits.MCP_MAX_MESSAGE_BYTES,
      maxSessions: limits.MCP_MAX_SESSIONS,
      maxSessionsPerUser: limits.MCP_MAX_SESSIONS_PER_USER,
      maxChildren: limits.MCP_MAX_CHILDREN,
      maxChildrenPerUser: limits.MCP_MAX_CHILDREN_PER_USER,
      sessionIdleSeconds: limits.SESSION_TIMEOUT,
      ...(service.idleSeconds !== undefined && { idleChildSeconds: service.idleSeconds }),
    },
  });
}

/** What to start for this caller, in a folder that is there. */
export function childCommand(options: EndpointOptions, launch: Launch, caller: CallerContext): ChildCommand {
  const { service } = options;
  const folder = dataFolderOf(service, options.dataFolder, caller);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fill = (text: string) => text.replaceAll('{data}', () => folder);
  const own = Object.entries(service.env).map(([name, entry]) => [
    name,
    'value' in entry ? fill(entry.value) : (options.secrets(entry.secret) ?? ''),
  ]);
  return {
    file: launch.file,
    args: [...launch.args, ...service.args].map(fill),
    env: { ...options.environment, ...(Object.fromEntries(own) as Record<string, string>) },
    cwd: options.cwd ?? folder,
    secrets: Object.values(service.env).flatMap((entry) =>
      'secret' in entry ? [options.secrets(entry.secret) ?? ''] : [],
    ),
  };
}

function dataFolderOf(service: Service, root: string, caller: CallerContext): string {
  switch (service.data) {
    case 'user':
      return join(root, 'users', userFolder(caller.sub));
    case 'shared':
      return join(root, 'shared');
    case 'none':
      return join(root, 'run');
  }
}
