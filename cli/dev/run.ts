/** `mcpgw dev`: from flags to a running gateway, and to its end. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Catalog, Service } from '../../runtime/config/catalog.ts';
import { ownEnvironment } from '../../runtime/config/child-env.ts';
import type { Config } from '../../runtime/config/load.ts';
import { knownKeys } from '../../runtime/config/load.ts';
import type { ConfigValues } from '../../runtime/config/schema.ts';
import { type EmbeddedGateway, type EmbeddedService, startEmbedded } from '../../runtime/embedded/gateway.ts';
import type { DevFlags } from '../commands/dev.ts';
import { EXIT, UserError } from '../errors.ts';
import { packageRoot } from '../package-root.ts';
import { devAccess } from './access.ts';
import { chosenServices, originOf, portOf } from './flags.ts';
import { InvalidNameError, ownService } from './own-command.ts';
import { type DevPrinter, jsonPrinter, textPrinter } from './printer.ts';
import { devCatalog, devConfig } from './values.ts';

/** How long children may take to end before this process ends all the same, in milliseconds. */
const STOP_LIMIT_MS = 10_000;

type Flags = DevFlags & { json?: boolean; quiet?: boolean };

/**
 * Resolves when the gateway was stopped by a signal; the exit code is set then.
 * @throws UserError when no service could be started: nobody would notice that a script waits for nothing
 */
export async function runDev(command: string[], flags: Flags): Promise<void> {
  const folder = resolve(flags.dir);
  const catalog = devCatalog(folder);
  const port = portOf(flags.port);
  const publicUrl = flags.publicUrl === undefined ? undefined : originOf(flags.publicUrl);
  const own = command.length === 0 ? undefined : ownEntry(command, flags.name, catalog);
  const chosen = chosenServices(flags.services, catalog, own !== undefined);
  const configOf = () => devConfig(folder, catalog, process.env, chosen, own?.service.name);
  const config = configOf();
  const services: EmbeddedService[] = [
    ...(own ? [{ ...own, process: config.processes[own.service.name] }] : []),
    ...servicesOf(config, catalog, own !== undefined && flags.services === undefined),
  ];
  const printer = printerFor(flags);
  const ready = new Map<string, string>();
  const fetching = new Set<string>();
  const signalled = firstSignal();
  const gateway = await start({
    values: config.values,
    access: devAccess(folder, serviceNames(catalog, own), configOf),
    services,
    stateFolder: join(folder, '.mcpgw'),
    fresh: flags.fresh === true,
    host: flags.host,
    port,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    environment: process.env,
    secrets: config.secrets,
    onEvent: (event) => {
      if (event.event === 'ready') ready.set(event.service, event.url);
      if (event.event === 'fetching') fetching.add(event.service);
      if (event.event === 'ready' || event.event === 'failed') fetching.delete(event.service);
      printer.event(event);
    },
    onListening: ({ issuer, urls }) =>
      printer.started({ version: version(), issuer, signIn: signIn(config), urls }),
  });
  const progress = reportFetching(printer, fetching);
  const barren = gateway.settled.then(() => {
    clearInterval(progress);
    printer.settled(new Map([...ready].sort(([a], [b]) => (a < b ? -1 : 1))));
    return ready.size === 0 ? ('barren' as const) : signalled;
  });
  const signal = await Promise.race([signalled, barren]);
  await stop(gateway, printer);
  if (signal === 'barren') throw new UserError('no service could be started; the lines above say why');
  process.exitCode = signal === 'SIGINT' ? 130 : 0;
}

/** How often a person who waits for packages hears that they still come, in seconds. */
const PROGRESS_SECONDS = 5;

function reportFetching(printer: DevPrinter, fetching: Set<string>): NodeJS.Timeout {
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += PROGRESS_SECONDS;
    if (fetching.size > 0) printer.fetching([...fetching], seconds);
  }, PROGRESS_SECONDS * 1_000);
  return timer.unref();
}

/** What a person can put right; their messages say how. */
const USER_ERRORS = new Set(['ListenError', 'EmbeddedError', 'StoreUnavailableError']);

async function start(options: Parameters<typeof startEmbedded>[0]): Promise<EmbeddedGateway> {
  try {
    return await startEmbedded(options);
  } catch (error) {
    if (USER_ERRORS.has((error as Error).name)) throw new UserError((error as Error).message);
    throw error;
  }
}

/** Ctrl-C, `kill` or a closed terminal. Listened for before the gateway starts, which then still ends in order. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolveSignal) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, resolveSignal);
  });
}

/** A second signal does not wait for anything. */
async function stop(gateway: EmbeddedGateway, printer: DevPrinter): Promise<void> {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130));
  printer.stopping();
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
  await gateway.close();
}

function servicesOf(config: Config, catalog: Catalog, none: boolean): EmbeddedService[] {
  return none
    ? []
    : config.services.map((name) => ({
        service: catalog.services.get(name) as Service,
        process: config.processes[name],
      }));
}

function serviceNames(catalog: Catalog, own: EmbeddedService | undefined): string[] {
  return [...catalog.services.keys(), ...(own === undefined ? [] : [own.service.name])];
}

function ownEntry(command: string[], name: string | undefined, catalog: Catalog): EmbeddedService {
  const service = named(command, name);
  return { service, environment: ownEnvironment(process.env, knownKeys(catalog)), cwd: process.cwd() };
}

/** @throws UserError when the name, given or made from the command, cannot be a service's */
function named(command: string[], name: string | undefined): Service {
  try {
    return ownService(command, name);
  } catch (error) {
    if (!(error instanceof InvalidNameError)) throw error;
    throw new UserError(`${error.message}; choose one with --name`, EXIT.usage);
  }
}

function printerFor(flags: Flags): DevPrinter {
  const write = (line: string) => void process.stdout.write(`${line}\n`);
  if (flags.json) return jsonPrinter(write);
  return textPrinter(write, process.stdout.isTTY && !process.env.NO_COLOR);
}

function signIn({ values }: Config): string {
  return values.IDENTITY_PROVIDER.map((provider) => {
    switch (provider) {
      case 'github':
        return `GitHub (${githubAllowed(values).join(', ') || 'nobody: ALLOWED_GITHUB_USERS is empty'})`;
      case 'oidc':
        return `${values.OIDC_TITLE} (${oidcAllowed(values).join(', ') || 'nobody: OIDC_ALLOWED_EMAILS is empty'})`;
      case 'passphrase':
        return `passphrase (${values.OWNER_NAME})`;
      case 'local':
        return `local (${values.LOCAL_USER}, no password)`;
    }
  }).join(', ');
}

function oidcAllowed(values: ConfigValues): string[] {
  return [...values.OIDC_ALLOWED_EMAILS, ...values.OIDC_ALLOWED_DOMAINS, ...values.OIDC_ALLOWED_GROUPS];
}

function githubAllowed(values: ConfigValues): string[] {
  return [...values.ALLOWED_GITHUB_USERS, ...values.ALLOWED_GITHUB_ORGS, ...values.ALLOWED_GITHUB_TEAMS];
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string })
    .version;
}
