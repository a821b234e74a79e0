/** `mcpgw up`: from `.env` to a healthy stack. */
import { resolve } from 'node:path';
import { pruneImagesArgv } from '../compose/argv.ts';
import { requireDocker } from '../compose/docker.ts';
import { interruptSignal } from '../compose/interrupt.ts';
import { refuseForeign } from '../compose/ownership.ts';
import { chosenServices } from '../compose/project.ts';
import { runDocker } from '../compose/run.ts';
import { pause, secondsOf, type World } from '../compose/steps.ts';
import type { UpFlags } from '../commands/up.ts';
import { EXIT } from '../errors.ts';
import { openFolder, requireEnv } from '../gateway-folder.ts';
import { doneLines, summaryOf } from '../generate/report.ts';
import { createOutput, type Output } from '../output.ts';
import { issuer } from '../../runtime/config/topology.ts';
import { topologyOf } from '../../runtime/config/load.ts';
import { buildImages, presentImages } from './build.ts';
import { clearNetworks, discardOutdated, removeStaleNetworks } from './networks.ts';
import { prepare, type Prepared } from './prepare.ts';
import { lineProgress, type Progress, silentProgress, terminalProgress } from './progress.ts';
import { failedText, mcpUrls, readyText } from './report.ts';
import { roll } from './roll.ts';
import { type Outcome, start, type StartOptions } from './start.ts';

/** Traefik has taken new routes by then, in milliseconds; its `providersThrottleDuration` is a part of it. */
const ROUTES_SETTLE_MS = 1_000;

export interface UpRequest extends UpFlags {
  /** `rebuild`: images from nothing. */
  noCache?: boolean;
}

/** Sets the exit code 3 when something does not come up. */
export async function runUp(services: string[], flags: UpRequest): Promise<void> {
  const begun = performance.now();
  const timeoutSeconds = secondsOf('--timeout', flags.timeout);
  const output = createOutput(flags);
  const signal = interruptSignal(
    'Stopped. What was started goes on: mcpgw ps shows it, mcpgw down stops it.',
  );
  const world: World = { run: runDocker, signal };
  // Before Docker is spoken of, which whoever is in the wrong folder does not lack.
  requireEnv(openFolder(resolve(flags.dir)));
  await requireDocker(runDocker);
  const prepared = prepare(flags.dir, process.env);
  await refuseForeign(world.run, prepared.project, signal);
  const expected = chosenServices(prepared.project, services);
  for (const note of prepared.notes) output.warn(note);
  const progress = progressFor(output, flags);
  if (prepared.changes.length > 0) progress.done(doneLines(prepared.changes, output.style));
  try {
    const built = await buildImages(world, prepared, buildOptions(services, flags), progress);
    const options = { services, expected, wait: flags.wait, timeoutSeconds, style: output.style };
    const outcome = await replaceAndStart(world, prepared, options, progress, output);
    // Also when something is not healthy: the others' certificate and routes must not wait for it.
    if (prepared.writeRoutes()) await pause(world, ROUTES_SETTLE_MS);
    // What is replaced only fills the disk.
    if (outcome.problem === undefined) {
      if (built.length > 0) await world.run(pruneImagesArgv(prepared.project.name), { signal });
      await removeStaleNetworks(world, prepared.project);
    }
    progress.end();
    const seconds = Math.round((performance.now() - begun) / 1_000);
    report(output, prepared, { outcome, built, seconds, waited: flags.wait });
  } finally {
    progress.end();
  }
}

function buildOptions(services: string[], flags: UpRequest) {
  return { services, force: flags.build === true, noCache: flags.noCache === true };
}

function progressFor(output: Output, flags: UpRequest): Progress {
  if (flags.json === true || flags.quiet === true) return silentProgress;
  if (process.stderr.isTTY === true && process.env.TERM !== 'dumb')
    return terminalProgress(process.stderr, output.style);
  return lineProgress((line) => output.note(line), output.style);
}

async function replaceAndStart(
  world: World,
  prepared: Prepared,
  options: StartOptions,
  progress: Progress,
  output: Output,
): Promise<Outcome> {
  const { project } = prepared;
  const cleared = await clearNetworks(world, project);
  for (const note of cleared.notes) output.warn(note);
  const replaced = await replace(world, prepared, options, progress);
  // Then what serves goes on serving, the edge before it as well.
  if (replaced !== undefined) return replaced;
  await discardOutdated(world, cleared);
  // What lost its container with a network comes back, whatever was asked for.
  const lost = cleared.networks.length > 0 || cleared.outdated.length > 0;
  const services = lost ? [] : options.services;
  return start(world, project, { ...options, services }, progress);
}

/** Services with replicas are replaced one by one. @returns the outcome when that did not work */
async function replace(
  world: World,
  { project }: Prepared,
  { expected, timeoutSeconds, style }: StartOptions,
  progress: Progress,
): Promise<Outcome | undefined> {
  for (const service of expected.filter(({ replicas }) => replicas > 1)) {
    const id = (await presentImages(world, [service.image])).get(service.image);
    const failure = await roll(world, project, service, id, timeoutSeconds, progress, style);
    if (failure === undefined) continue;
    const { problem, log } = failure;
    return { statuses: [], failed: [{ service: service.name, state: 'not replaced', log }], problem };
  }
  return undefined;
}

interface Result {
  outcome: Outcome;
  built: string[];
  seconds: number;
  waited: boolean;
}

function report(output: Output, prepared: Prepared, result: Result): void {
  const { outcome, built, seconds, waited } = result;
  const { project, config, changes } = prepared;
  const topology = topologyOf(config);
  const ok = outcome.problem === undefined;
  if (!ok) process.exitCode = EXIT.unhealthy;
  const text = ok ? readyText(topology, seconds, waited, output.style) : failedText(outcome, output.style);
  output.result(text, {
    ...{ project: project.name, folder: project.folder, healthy: ok && waited, seconds, built },
    changes: changes.map(summaryOf),
    services: outcome.statuses.map(({ service, state, ready, wanted }) => ({
      service,
      state,
      ready,
      wanted,
    })),
    ...(ok ? {} : { problem: outcome.problem, failed: outcome.failed }),
    ...{ issuer: issuer(topology), urls: mcpUrls(topology) },
  });
}
