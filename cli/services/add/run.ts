/** `mcpgw services add`: a server of the folder's own, as a catalog file that `dev` and the stack use like the built-in ones. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { headerValueProblem } from '../../../runtime/config/remote-target.ts';
import { parseEnvFile } from '../../../runtime/config/env-file.ts';
import { isReservedName, secretNames, type Service } from '../../../runtime/config/catalog.ts';
import type { ServicesAddFlags } from '../../commands/services.ts';
import { EXIT, UserError } from '../../errors.ts';
import { type Environment, type GatewayFolder, openFolder } from '../../gateway-folder.ts';
import { doneLines, summaryOf } from '../../generate/report.ts';
import { createOutput, type Output } from '../../output.ts';
import type { Change } from '../../plan.ts';
import type { Asker } from '../../prompts/asker.ts';
import { currentUser, type Owner, writeChanges } from '../../write.ts';
import { otherServices, withService } from '../env-changes.ts';
import { type Draft, draftOf, type Origin } from './entry.ts';
import { pin, runTool, type RunTool } from './registry.ts';
import { secretValues, type Wanted } from './secret-values.ts';
import { sourceOf } from './source.ts';
import { warningsOf } from './warnings.ts';

/** The world around `services add`, for tests to replace. */
export interface AddWorld {
  environment: Environment;
  /** Undefined: there is no terminal to ask on. */
  asker: (() => Promise<Asker>) | undefined;
  readStdin: () => Promise<string>;
  run: RunTool;
  user: Owner | undefined;
  output: Output;
}

export async function runServicesAdd(
  name: string,
  command: string[],
  flags: ServicesAddFlags,
): Promise<void> {
  const terminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
  await addService(name, command, flags, {
    environment: process.env,
    asker: terminal ? async () => (await import('../../prompts/asker.ts')).terminalAsker() : undefined,
    readStdin: async () => (process.stdin.isTTY ? '' : readAll(process.stdin)),
    run: runTool,
    user: currentUser(),
    output: createOutput(flags),
  });
}

/** @throws UserError, CatalogError; nothing is written then */
export async function addService(
  name: string,
  command: string[],
  flags: ServicesAddFlags,
  world: AddWorld,
): Promise<void> {
  const { output } = world;
  const gateway = openFolder(resolve(flags.dir));
  refuseTaken(name, gateway, flags.force === true);
  const origin = await originOf(command, flags, world.run);
  const draft = draftOf(name, origin, flags);
  refuseSharedSecrets(draft.service, gateway);
  for (const warning of warningsOf(draft.service, flags, world.environment.PATH ?? '')) output.warn(warning);
  if (flags.dryRun === true)
    return report(output, gateway, draft, { changes: changesOf(gateway, draft, new Map()), flags });
  const values = await secretValues(wantedOf(draft.service), {
    files: flags.secretFile ?? [],
    environment: world.environment,
    isKept: keptSecrets(gateway),
    asker: world.asker,
    readStdin: world.readStdin,
    note: (text) => output.note(text),
  });
  const changes = changesOf(gateway, draft, values);
  writeChanges(gateway.folder, changes, ownerOf(gateway, world.user), () => world.user);
  report(output, gateway, draft, { changes, flags });
}

/** Nothing of somebody's is replaced without being told to. */
function refuseTaken(name: string, { catalog, ownServices }: GatewayFolder, force: boolean): void {
  if (isReservedName(name))
    throw new UserError(`${name} is a name that the gateway needs itself; choose another one`, EXIT.usage);
  if (force || !catalog.services.has(name)) return;
  throw new UserError(
    ownServices.includes(name)
      ? `there is a service ${name} already (services/${name}.yaml). --force replaces it; mcpgw services show ${name} shows it`
      : `${name} is a service of mcpgw's own. Choose another name, or replace it in this folder with --force`,
    EXIT.usage,
  );
}

async function originOf(command: string[], flags: ServicesAddFlags, run: RunTool): Promise<Origin> {
  refuseMixed(command, flags);
  if (flags.url !== undefined) return { url: flags.url };
  if (command.length === 0) {
    throw new UserError(
      'give the command that starts the server, behind --, such as: -- npx -y @scope/server; or --url of a server elsewhere',
      EXIT.usage,
    );
  }
  const source = sourceOf(command);
  if (source.kind !== 'command') return { package: await pin(source, flags.version, run), args: source.args };
  if (flags.version !== undefined)
    throw new UserError('--version is of a package; this is a command that is on the machine', EXIT.usage);
  return { command: source.command.map(wherever) };
}

/** Flags of a server elsewhere mean nothing to one that is started here, and the other way round. */
function refuseMixed(command: string[], flags: ServicesAddFlags): void {
  const { url, header, secretHeader, env, secret, version, data, process: model, apt, clientRoots } = flags;
  const local = { env, secret, version, data, process: model, apt, 'client-roots': clientRoots };
  const wrong = Object.entries(url === undefined ? { header, 'secret-header': secretHeader } : local)
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  if (url !== undefined && command.length > 0) wrong.push('a command');
  if (wrong.length === 0) return;
  const what =
    url === undefined
      ? 'a server elsewhere, which --url names'
      : 'a server that is started here, not of --url';
  throw new UserError(`${wrong.join(', ')}: only of ${what}`, EXIT.usage);
}

/** A child starts in a folder of its own, so a file that is named from here is named from anywhere. */
function wherever(word: string, index: number): string {
  if (index === 0 && !word.includes('/')) return word;
  const path = resolve(word);
  return existsSync(path) && statSync(path).isFile() ? path : word;
}

/** A secret has one name in the folder, and one service must not be handed another one's. */
function refuseSharedSecrets(service: Service, { catalog }: GatewayFolder): void {
  const own = secretNames(service);
  for (const other of catalog.services.values()) {
    const shared =
      other.name === service.name
        ? undefined
        : secretNames(other).find((name) => own.some((each) => sameKeys(each, name)));
    if (shared === undefined) continue;
    throw new UserError(
      `${shared} is a secret of ${other.name}. Choose another name for the service`,
      EXIT.usage,
    );
  }
  const twice = own.find((name, index) => own.some((each, at) => at !== index && sameKeys(name, each)));
  if (twice !== undefined) throw new UserError(`two secrets would both be kept as ${twice}`, EXIT.usage);
}

/** A secret may stand in `.env` as `<NAME>_FILE` instead, so that this is no name of another one. */
function sameKeys(one: string, other: string): boolean {
  return one === other || `${one}_FILE` === other || one === `${other}_FILE`;
}

function wantedOf(service: Service): Wanted[] {
  const variables = Object.entries(service.env).flatMap(([label, entry]) =>
    'secret' in entry ? [{ label, name: entry.secret, validate: variableProblem }] : [],
  );
  const headers = Object.entries(service.remote?.headers ?? {}).flatMap(([label, entry]) => {
    if (!('secret' in entry)) return [];
    const hint = /^authorization$/i.test(label) ? 'all of the header, such as: Bearer TOKEN' : 'a header';
    return [{ label, name: entry.secret, validate: headerValueProblem, hint }];
  });
  return [...variables, ...headers];
}

function variableProblem(value: string): string | undefined {
  return value.includes('\0') ? 'has a zero byte, which no variable of the environment can hold' : undefined;
}

function keptSecrets({ envText }: GatewayFolder): (name: string) => boolean {
  const file = parseEnvFile(envText ?? '');
  return (name) => Boolean(file[name]) || Boolean(file[`${name}_FILE`]);
}

function changesOf(gateway: GatewayFolder, { service, yaml }: Draft, secrets: Map<string, string>): Change[] {
  const { ownServices, catalog, envText } = gateway;
  const former = ownServices.includes(service.name) ? catalog.services.get(service.name) : undefined;
  const env = withService(envText, service, secrets, { former, others: otherServices(gateway, service) });
  const texts = new Map<string, string | undefined>([[`services/${service.name}.yaml`, yaml], ...env.files]);
  if (env.text !== undefined) texts.set('.env', env.text);
  return [...texts].flatMap(([path, after]): Change[] => {
    const at = join(gateway.folder, path);
    const before = existsSync(at) ? readFileSync(at, 'utf8') : undefined;
    if (before === after) return [];
    if (after === undefined) return [{ path, action: 'remove', before: before ?? '' }];
    return [
      before === undefined ? { path, action: 'create', after } : { path, action: 'change', before, after },
    ];
  });
}

/** Files in `secrets/` are for the user that containers run as. */
export function ownerOf({ envText }: GatewayFolder, user: Owner | undefined): Owner {
  const [uid, gid] = (parseEnvFile(envText ?? '').CONTAINER_USER ?? '').split(':').map(Number);
  return uid !== undefined && gid !== undefined ? { uid, gid } : (user ?? { uid: 0, gid: 0 });
}

interface Report {
  changes: Change[];
  flags: ServicesAddFlags;
}

function report(
  output: Output,
  { folder, envText }: GatewayFolder,
  draft: Draft,
  { changes, flags }: Report,
): void {
  const { service, yaml } = draft;
  const dry = flags.dryRun === true;
  const done = changes.length === 0 ? 'Everything is as it was.' : doneLines(changes, output.style);
  const title = dry ? `Would be written to ${folder}:` : `In ${folder}:`;
  const secrets = secretNames(service);
  output.result(`${title}\n${done}${dry ? `\n\n${yaml}` : ''}`, {
    folder,
    written: !dry,
    service,
    secrets,
    changes: changes.map(summaryOf),
  });
  if (dry) return;
  if (secrets.length > 0 && !existsSync(join(folder, '.gitignore')))
    output.note('\nKeep .env and secrets/ out of version control; mcpgw init writes a .gitignore that does.');
  const at = flags.dir === '.' ? '' : ` --dir ${flags.dir}`;
  const stack = envText === undefined ? '' : `, mcpgw up${at} in containers`;
  output.note(`\nmcpgw dev${at} serves it on this machine${stack}.`);
}
