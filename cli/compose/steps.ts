/** Steps that several commands share: ask Docker, and complain in its own words. */
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT, UserError } from '../errors.ts';
import { logsArgv, type Project, psArgv } from './argv.ts';
import { type Container, parseContainers } from './containers.ts';
import { type LogRecord, parseRecord } from './logs/record.ts';
import { recordText } from './logs/text.ts';
import type { RunDocker, RunOptions, RunResult } from './run.ts';
import type { Style } from '../output.ts';

/** What a command works with. */
export interface World {
  run: RunDocker;
  signal: AbortSignal;
}

const ATTEMPTS = 5;

/** Lines of a container's log, or of a failed command, that are shown. */
export const SHOWN_LINES = 20;

/** @throws UserError with what `docker` said when it fails */
export async function must(
  { run, signal }: World,
  argv: string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await run(argv, { signal, ...options });
  if (result.code !== 0) throw failure(argv, result);
  return result;
}

function failure(argv: string[], { stdout, stderr }: RunResult): UserError {
  return new UserError(`${commandName(argv)} failed:\n${lastLines(stderr || stdout, SHOWN_LINES)}`);
}

/** `docker compose … build auth` without the places of files. */
function commandName(argv: string[]): string {
  const verb = argv.findIndex(
    (word, index) => index > 0 && !word.startsWith('-') && !(argv[index - 1] ?? '').startsWith('--'),
  );
  return `docker ${argv[0] ?? ''} ${argv.slice(verb, verb + 1).join(' ')}`.trim();
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

export async function listContainers(
  world: World,
  project: Project,
  services: string[] = [],
): Promise<Container[]> {
  // A container that goes away while Compose looks at all of them fails the whole list.
  for (let attempt = 1; ; attempt++) {
    const result = await world.run(psArgv(project, services), { signal: world.signal });
    if (result.code === 0) return parseContainers(result.stdout);
    if (attempt === ATTEMPTS || !/no such container/i.test(result.stderr))
      throw failure(psArgv(project), result);
    await pause(world, LOOK_EVERY_MS / 4);
  }
}

/** @returns the last lines that a service's containers wrote, for a person; one that comes again is said once */
export async function lastLog(
  { run, signal }: World,
  project: Project,
  service: string,
  style: Style,
): Promise<string[]> {
  const { stdout } = await run(logsArgv(project, [service], { tail: String(SHOWN_LINES) }), { signal });
  const records = stdout.split('\n').flatMap((line) => parseRecord(line) ?? []);
  const options = { style, now: new Date() };
  return withoutRepeats(records.sort((a, b) => (a.time < b.time ? -1 : 1)))
    .slice(-SHOWN_LINES)
    .map(
      ({ record, times }) => recordText(record, options) + (times > 1 ? style.dim(`  (${times} times)`) : ''),
    );
}

function withoutRepeats(records: LogRecord[]): { record: LogRecord; times: number }[] {
  const told: { record: LogRecord; times: number }[] = [];
  for (const record of records) {
    const last = told.at(-1);
    if (last?.record.line === record.line) last.times += 1;
    else told.push({ record, times: 1 });
  }
  return told;
}

/**
 * @param until ends the pause early
 * @throws the reason of the signal's abort
 */
export async function pause(
  { signal }: World,
  milliseconds: number,
  until?: Promise<unknown>,
): Promise<void> {
  const over = new AbortController();
  const timer = delay(milliseconds, undefined, { signal: AbortSignal.any([signal, over.signal]) });
  try {
    await Promise.race([timer, ...(until === undefined ? [] : [until])]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    over.abort();
    await timer.catch(() => undefined);
  }
}

/** How often containers are looked at, in milliseconds. */
export const LOOK_EVERY_MS = 1_000;

/**
 * Waits until these containers are healthy.
 * @param containers ids
 * @returns the first that is not going to be, with why; undefined when all are healthy
 */
export async function untilHealthy(
  world: World,
  project: Project,
  service: string,
  containers: string[],
  timeoutSeconds: number,
): Promise<string | undefined> {
  const end = Date.now() + timeoutSeconds * 1_000;
  for (;;) {
    const found = await listContainers(world, project, [service]);
    const own = containers.map((id) => found.find((container) => sameContainer(container.id, id)));
    const lost = own.find(
      (container) => container === undefined || ['exited', 'dead', 'restarting'].includes(container.state),
    );
    if (own.length > 0 && lost !== undefined) return `${lost.name} ended with ${lost.exitCode}`;
    if (own.includes(undefined)) return `a container of ${service} is gone`;
    const sick = own.find((container) => container?.health === 'unhealthy');
    if (sick !== undefined) return `${sick.name} is unhealthy`;
    if (own.every((container) => container?.state === 'running' && container.health === 'healthy'))
      return undefined;
    if (Date.now() > end) return `${service} was not healthy after ${timeoutSeconds} s`;
    await pause(world, LOOK_EVERY_MS);
  }
}

/** Docker says an id in full or by its first twelve characters. */
export function sameContainer(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

/** @throws UserError for what is no number of seconds */
export function secondsOf(flag: string, text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds < 1 || seconds > 86_400) {
    throw new UserError(`${flag} ${text}: must be a number of seconds from 1 to 86400`, EXIT.usage);
  }
  return seconds;
}
