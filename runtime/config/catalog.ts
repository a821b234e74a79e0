/**
 * The service catalog: one YAML file per MCP service, ours in `templates/services/`, a user's own in `services/` of the
 * gateway's folder, in the same format. It says how to run the server as a process and in a container, what it stores,
 * and for whom.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Fault, faultsOf } from './faults.ts';
import { remoteSchema } from './remote-target.ts';
import { CONFIG_KEYS } from './schema.ts';

export const PROCESS_MODELS = ['session', 'user', 'shared'] as const;
/** Why. */
export const NOT_SHARED = 'its users have data of their own, which one process for all would mix';
export type ProcessModel = (typeof PROCESS_MODELS)[number];

/** Host label and path segment at once. */
const NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** Names that a service cannot have: hosts and paths of the gateway itself. */
const RESERVED = new Set([
  ...['auth', 'www', 'traefik', 'redis', 'runtime'],
  ...[
    'register',
    'authorize',
    'consent',
    'callback',
    'token',
    'revoke',
    'introspect',
    'device',
    'signout',
    'verify',
    'jwks',
  ],
  ...['device-authorization'],
  ...['success', 'health', 'metrics', 'assets', 'local', 'passphrase', 'admin', 'internal', 'mcp'],
]);

/** @returns whether no service can have the name because the gateway has a use for it */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/**
 * What goes into a Dockerfile and a command line is checked for its form, so that nothing in it needs quoting, is an option
 * or leads to another folder.
 */
const word = (pattern: RegExp, what: string) => z.string().regex(pattern, `is not ${what}`);
const version = word(
  /^[0-9A-Za-z][0-9A-Za-z.+!-]*$/,
  'a version (in quotes, where YAML would read a number)',
);
const bin = word(/^\w[\w.-]*$/, 'the name of a command');

const packageSchema = z.union([
  z.strictObject({
    npm: word(/^(?:@[\w~][\w.~-]*\/)?[\w~][\w.~-]*$/, 'the name of an npm package'),
    version,
    bin,
  }),
  z.strictObject({
    pypi: word(/^[0-9A-Za-z][\w.-]*(?:\[[\w.,-]+\])?$/, 'the name of a PyPI package'),
    version,
    bin,
  }),
]);

/** Names of the gateway's own settings and secrets, which a service must never be handed. */
const GATEWAY_KEYS = new Set<string>(CONFIG_KEYS);

const secretName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a secret')
  .refine((name) => !GATEWAY_KEYS.has(name), 'is a setting of the gateway itself');

const envSchema = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of an environment variable'),
  z.union([z.strictObject({ value: z.string() }), z.strictObject({ secret: secretName })]),
);

export const serviceSchema = z
  .strictObject({
    name: z
      .string()
      .regex(NAME, 'must start with a letter and have only lower-case letters, digits and -, at most 32')
      .refine((name) => !RESERVED.has(name), 'is a name that the gateway needs itself'),
    title: z.string().min(1),
    description: z.string().min(1),
    /**
     * `proxy`: a stdio server behind our proxy. `native`: a server of ours that speaks HTTP itself. `remote`: a server
     * elsewhere that speaks Streamable HTTP.
     */
    kind: z.enum(['proxy', 'native', 'remote']),
    /** Where the stdio server comes from, pinned. */
    package: packageSchema.optional(),
    /** Where a `remote` server is, and what is sent with each request to it. */
    remote: remoteSchema(secretName).optional(),
    /** Instead of a package: a command that is on the machine. */
    command: z.array(z.string()).min(1).optional(),
    /** `{data}` stands for the folder of `data`, here, in `command` and in values of `env`. */
    args: z.array(z.string()).default([]),
    env: envSchema.default({}),
    /** What it stores: nothing, for each user apart, or for all together. */
    data: z.enum(['none', 'user', 'shared']).default('none'),
    /** One child for each session, for each user, or for all. `.env` may say otherwise (`process.ts`). */
    process: z.enum(PROCESS_MODELS).default('session'),
    /** Tools are called one after the other in a child of `user` or `shared`: for a server that loses what it is told at once. */
    serialCalls: z.boolean().optional(),
    /** Seconds that a child of `user` or `shared` stays without a session; 300 unless told. */
    idleSeconds: z.int().min(1).optional(),
    /** What must be on the machine to run it as a process. */
    requires: z
      .array(
        z.strictObject({
          command: z.string(),
          /** Commands that do as well. */
          or: z.array(z.string()).default([]),
          /** What to install, told to a person whose machine has none of them. */
          install: z.string(),
        }),
      )
      .default([]),
    container: z
      .strictObject({
        base: z.enum(['node', 'python']).default('node'),
        /** Debian packages that the image needs. */
        apt: z.array(word(/^[a-z0-9][a-z0-9+.-]+$/, 'the name of a Debian package')).default([]),
        memory: z
          .string()
          .regex(/^\d+m$/, 'must be mebibytes like 256m')
          .default('256m'),
        /** May it open connections to the internet? */
        internet: z.boolean().default(false),
      })
      .prefault({}),
    /**
     * Lets clients name folders as MCP roots. A server that takes them for the folders it may touch would then touch
     * whatever a client names, so only for one that does not.
     */
    clientRoots: z.boolean().default(false),
    /** Hands the caller's bearer token on. Only the echo diagnostics need it. */
    passAuthorization: z.boolean().default(false),
    /** Enabled unless said otherwise. */
    default: z.boolean().default(false),
    /** Described, but its server is not part of this release. */
    planned: z.boolean().default(false),
  })
  .superRefine((service, context) => {
    const message = originProblem(service);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .refine(({ process, data }) => process !== 'shared' || data !== 'user', {
    path: ['process'],
    message: `cannot be shared: ${NOT_SHARED}`,
  });

interface Origin {
  kind: 'proxy' | 'native' | 'remote';
  package?: unknown;
  command?: unknown;
  remote?: unknown;
  args: unknown[];
  env: object;
  data: string;
}

/** What a service of this kind must have, and what would mean nothing. */
function originProblem(service: Origin): string | undefined {
  const { kind, package: source, command, remote } = service;
  if (kind !== 'remote' && remote !== undefined) return 'only a service of the kind remote has remote';
  if (kind === 'proxy' && (source === undefined) === (command === undefined))
    return 'a proxy service needs either package or command';
  if (kind !== 'remote') return undefined;
  if (remote === undefined) return 'a remote service needs remote, with the url of its server';
  const own = source ?? command ?? service.args[0] ?? Object.keys(service.env)[0];
  return own !== undefined || service.data !== 'none'
    ? 'a remote service has no package, command, args, env or data: its server runs elsewhere'
    : undefined;
}

export type Service = z.output<typeof serviceSchema>;

/** Names of the secrets that the service's `env`, or the headers of a remote one, ask for. */
export function secretNames(service: Service): string[] {
  const entries = [...Object.values(service.env), ...Object.values(service.remote?.headers ?? {})];
  return entries.flatMap((entry) => ('secret' in entry ? [entry.secret] : []));
}

/** Whether its container opens connections to the internet, or to the network around it. */
export function reachesOut(service: Service): boolean {
  return service.container.internet || service.kind === 'remote';
}

export interface Catalog {
  /** By name, sorted. */
  services: Map<string, Service>;
}

/** A catalog file that cannot be used; `faults` names each place in it. */
export class CatalogError extends Error {
  override name = 'CatalogError';
  readonly faults: Fault[];
  constructor(faults: Fault[]) {
    super(faults.map((fault) => `${fault.key}: ${fault.problem}`).join('\n'));
    this.faults = faults;
  }
}

/**
 * Reads every `*.yaml` of the folders; a later folder's service replaces an earlier one's of the same name.
 * @param folders absolute paths; one that does not exist counts as empty
 * @throws CatalogError with every fault of every file, or with what cannot be read
 */
export function loadCatalog(folders: string[]): Catalog {
  const services = new Map<string, Service>();
  const faults: Fault[] = [];
  for (const folder of folders) {
    for (const file of yamlFiles(folder)) {
      const result = parseService(readable(join(folder, file)), file);
      if ('faults' in result) faults.push(...result.faults);
      else services.set(result.service.name, result.service);
    }
  }
  if (faults.length > 0) throw new CatalogError(faults);
  return { services: new Map([...services].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** @param file the file's name, which must be the service's with `.yaml` */
export function parseService(yaml: string, file: string): { service: Service } | { faults: Fault[] } {
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (error) {
    return { faults: [{ key: file, problem: `is not YAML: ${(error as Error).message.split('\n')[0]}` }] };
  }
  const result = serviceSchema.safeParse(value);
  if (!result.success) return { faults: faultsOf(result.error, `${file} `) };
  if (`${result.data.name}.yaml` !== file) {
    return {
      faults: [{ key: `${file} name`, problem: `must be "${file.replace(/\.yaml$/, '')}", like the file` }],
    };
  }
  return { service: result.data };
}

function yamlFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(folder, error);
  }
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): CatalogError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new CatalogError([{ key: path, problem: `cannot be read (${code ?? message})` }]);
}
