/** Where the conformance suite finds a server: at its own HTTP transport, or behind our proxy. */
import { spawn as nodeSpawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { nativeEndpoint, type EndpointOptions } from '../../../runtime/assembly/service-endpoint.ts';
import { loadCatalog } from '../../../runtime/config/catalog.ts';
import { CONTEXT_HEADER } from '../../../runtime/config/context.ts';
import { silentLogger } from '../../../runtime/config/log.ts';
import { configSchema } from '../../../runtime/config/schema.ts';
import { createProxy, type ProxyOptions } from '../../../runtime/proxy/app.ts';
import type { Spawn } from '../../../runtime/proxy/child/child.ts';
import { createRemote } from '../../../runtime/remote/app.ts';
import { CONTEXT_KEY, contextOf, fixtureCommand, SERVICE, until } from '../stdio-proxy.ts';
import { serveConformance } from './handshake-server.ts';

const CATALOG = fileURLToPath(new URL('../../../templates/services', import.meta.url));

/** The era of the server: of handshakes alone, or of 2026-07-28 alone. */
export type Era = 'handshake' | 'modern';

/** The script that serves it over stdio. */
export function stdioScript(era: Era): string {
  return fileURLToPath(new URL(`${era}-stdio.ts`, import.meta.url));
}

export interface Host {
  url: string;
  /** Resolves once all that was started ahead can answer at once: the suite waits only 0.6 s for some answers. */
  ready?: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

/** What is served at `/mcp`, made once its origin is known. */
interface Endpoint {
  handle: RequestListener;
  close(): Promise<void>;
}

async function listen(create: (origin: string) => Endpoint | Promise<Endpoint>): Promise<Host> {
  const server = createServer((req, res) => endpoint.handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const endpoint = await create(origin);
  const close = async (): Promise<void> => {
    await endpoint.close();
    server.closeAllConnections();
    server.close();
  };
  return { url: `${origin}/mcp`, close };
}

/** The server over the Streamable HTTP transport of its own SDK, a transport and a server for each session. */
export function hostDirectly(): Promise<Host> {
  return listen((origin) => {
    const sessions = new Map<string, StreamableHTTPServerTransport>();
    const open = async (): Promise<StreamableHTTPServerTransport> => {
      const transport = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableDnsRebindingProtection: true,
        allowedHosts: [new URL(origin).host],
        allowedOrigins: [origin],
        onsessioninitialized: (id) => void sessions.set(id, transport),
        onsessionclosed: (id) => void sessions.delete(id),
      });
      await serveConformance(transport);
      return transport;
    };
    const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      const id = req.headers['mcp-session-id'];
      const known = typeof id === 'string' ? sessions.get(id) : undefined;
      if (id !== undefined && known === undefined) return void res.writeHead(404).end();
      await (known ?? (await open())).handleRequest(req, res);
    };
    const close = async (): Promise<void> => {
      await Promise.all([...sessions.values()].map((transport) => transport.close()));
    };
    return { handle: (req, res) => void handle(req, res), close };
  });
}

/** The suite has no option for headers, so what the edge would add is added here. */
function signed(req: IncomingMessage, service = SERVICE): IncomingMessage {
  req.headers[CONTEXT_HEADER] = contextOf('suite', { aud: service });
  return req;
}

export interface ProxiedOptions extends Partial<ProxyOptions> {
  era?: Era;
}

/** Starts children as the proxy does. @returns also what resolves once each has said that it reads, or has ended */
function watchedSpawn(): { spawn: Spawn; ready: () => Promise<void> } {
  const starting = new Set<ChildProcess>();
  const spawn: Spawn = ({ file, args, env, cwd }) => {
    const child = nodeSpawn(file, args, { env, cwd, detached: true, stdio: 'pipe' });
    starting.add(child);
    const started = (): void => void starting.delete(child);
    child.stderr.once('data', started);
    child.once('error', started).once('exit', started);
    return child;
  };
  const ready = async (): Promise<void> => {
    await until(() => starting.size === 0, 'the children have started', 60_000);
  };
  return { spawn, ready };
}

/** The same server over stdio, behind the proxy. */
export async function hostProxied({ era = 'handshake', ...options }: ProxiedOptions = {}): Promise<Host> {
  const { spawn, ready } = watchedSpawn();
  const host = await listen((origin) => {
    const proxy = createProxy({
      service: SERVICE,
      command: () => fixtureCommand([], stdioScript(era)),
      contextKey: CONTEXT_KEY,
      allowedOrigins: [origin],
      clientRoots: true,
      // The suite waits 0.6 s for some answers; one scenario needs two new children for its own.
      spares: 2,
      spawn,
      logger: silentLogger,
      ...options,
    });
    return { handle: (req, res) => proxy.handle(signed(req), res), close: () => proxy.close(2000) };
  });
  return { ...host, ready };
}

/** A server elsewhere as a service of the gateway; it ends with this. */
export async function hostRemote(upstream: Host): Promise<Host> {
  const host = await listen((origin) => {
    const remote = createRemote({
      service: SERVICE,
      target: { url: upstream.url, headers: {} },
      contextKey: CONTEXT_KEY,
      allowedOrigins: [origin],
      limits: { maxSessionsPerUser: 100 },
      logger: silentLogger,
    });
    const close = async (): Promise<void> => {
      await remote.close(2000);
      await upstream.close();
    };
    return { handle: (req, res) => remote.handle(signed(req), res), close };
  });
  return { ...host, ready: upstream.ready };
}

/** One of our own services, by its name in the catalog, as a gateway would start it. */
export function hostNative(name: string): Promise<Host> {
  return listen(async (origin) => {
    const service = loadCatalog([CATALOG]).services.get(name);
    if (service === undefined) throw new Error(`no service ${name}`);
    const limits = configSchema.partial().parse({
      MCP_CORS_ORIGINS: origin,
      // A scenario that fails leaves its session open.
      MCP_MAX_SESSIONS_PER_USER: '100',
    }) as EndpointOptions['limits'];
    const endpoint = await nativeEndpoint({
      service,
      contextKey: CONTEXT_KEY,
      limits,
      dataFolder: tmpdir(),
      secrets: () => undefined,
      environment: {},
      logger: silentLogger,
    });
    return {
      handle: (req, res) => endpoint.handle(signed(req, name), res),
      close: () => endpoint.close(),
    };
  });
}
