/** Starts what is built, and waits until it is healthy or cannot become so. */
import { removeArgv, upArgv } from '../compose/argv.ts';
import { type Container, type ServiceStatus, serviceStatuses } from '../compose/containers.ts';
import type { ComposeProject, ComposeService } from '../compose/project.ts';
import type { RunResult } from '../compose/run.ts';
import { stateText } from '../compose/state-text.ts';
import {
  lastLines,
  lastLog,
  listContainers,
  LOOK_EVERY_MS,
  must,
  pause,
  SHOWN_LINES,
  type World,
} from '../compose/steps.ts';
import type { Style } from '../output.ts';
import type { Progress } from './progress.ts';
import { createWatch } from './watch.ts';

export interface StartOptions {
  /** Names as given; none means all. */
  services: string[];
  /** What to wait for. */
  expected: ComposeService[];
  wait: boolean;
  timeoutSeconds: number;
  style: Style;
}

export interface Outcome {
  statuses: ServiceStatus[];
  /** Undefined when all is well. */
  problem?: string;
  /** Services that it is about. */
  failed: FailedService[];
}

export interface FailedService {
  service: string;
  state: string;
  /** The last lines of its log, for a person. */
  log: string[];
}

export async function start(
  world: World,
  project: ComposeProject,
  options: StartOptions,
  progress: Progress,
): Promise<Outcome> {
  const watch = createWatch(new Set((await withoutHalfMade(world, project)).map(({ id }) => id)));
  const giveUp = new AbortController();
  const signal = AbortSignal.any([world.signal, giveUp.signal]);
  const up: { result?: RunResult } = {};
  // Whatever ends it, it is looked at below.
  const running = world.run(upArgv(project, options.services), { signal }).then(
    (result) => (up.result = result),
    () => undefined,
  );
  const endMs = Date.now() + options.timeoutSeconds * 1_000;
  try {
    for (;;) {
      // Asked before the containers are looked at: what is seen then is what `up` has left.
      const { result } = up;
      const statuses = serviceStatuses(options.expected, await listContainers(world, project));
      progress.services(statuses);
      const trouble = troubleOf(watch({ statuses, started: result !== undefined }), statuses, result, () =>
        Date.now() > endMs ? `not healthy after ${options.timeoutSeconds} s` : undefined,
      );
      if (trouble !== undefined) return await withLogs(world, project, statuses, trouble, options.style);
      const ready = statuses.every(({ state }) => state === 'healthy');
      if (result !== undefined && (ready || !options.wait)) return { statuses, failed: [] };
      await pause(world, LOOK_EVERY_MS, result === undefined ? running : undefined);
    }
  } finally {
    giveUp.abort();
    await running;
  }
}

interface Trouble {
  problem: string;
  about: ServiceStatus[];
}

function troubleOf(
  lost: ServiceStatus[],
  statuses: ServiceStatus[],
  result: RunResult | undefined,
  late: () => string | undefined,
): Trouble | undefined {
  if (lost.length > 0) return { problem: reason(lost), about: lost };
  if (result !== undefined && result.code !== 0) {
    return { problem: refusal(result), about: statuses.filter(inTrouble) };
  }
  const problem = late();
  return problem === undefined
    ? undefined
    : { problem, about: statuses.filter(({ state }) => state !== 'healthy') };
}

async function withLogs(
  world: World,
  project: ComposeProject,
  statuses: ServiceStatus[],
  { problem, about }: Trouble,
  style: Style,
): Promise<Outcome> {
  const failed: FailedService[] = [];
  for (const status of about) {
    const log = await lastLog(world, project, status.service, style);
    failed.push({ service: status.service, state: stateText(status), log });
  }
  return { statuses, failed, problem };
}

/**
 * Compose makes a replacement under a name with twelve digits before it. One that was interrupted is left behind, and the
 * next `up` ends with a conflict of names.
 */
async function withoutHalfMade(world: World, project: ComposeProject): Promise<Container[]> {
  const containers = await listContainers(world, project);
  const halfMade = containers.filter(({ name, state }) => /^[0-9a-f]{12}_/.test(name) && state === 'created');
  for (const { id } of halfMade) await must(world, removeArgv(id));
  return containers.filter((container) => !halfMade.includes(container));
}

function inTrouble({ state }: ServiceStatus): boolean {
  return state === 'unhealthy' || state === 'restarting' || state === 'stopped';
}

function reason(failed: ServiceStatus[]): string {
  return failed
    .map(({ service, state, exitCode }) =>
      state === 'unhealthy'
        ? `${service} does not pass its health check`
        : `${service} ends again and again (exit code ${exitCode})`,
    )
    .join('; ');
}

/** What Compose said without its account of what went well. */
function refusal({ stderr }: RunResult): string {
  const lines = stderr
    .split('\n')
    .filter((line) => !/^\s*(?:Container|Network|Volume) \S+ +\S+\s*$/.test(line) && line.trim() !== '');
  return lastLines(lines.join('\n'), SHOWN_LINES);
}
