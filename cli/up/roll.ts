/**
 * Replaces a service with replicas without a failed call: new containers beside the old ones, then the old ones go, one
 * by one. Compose itself would take all of them at once.
 */
import { discardArgv, hashArgv, labelsArgv, removeArgv, stopArgv, upArgv } from '../compose/argv.ts';
import type { Container } from '../compose/containers.ts';
import type { ComposeProject, ComposeService } from '../compose/project.ts';
import { lastLog, listContainers, must, sameContainer, untilHealthy, type World } from '../compose/steps.ts';
import type { Style } from '../output.ts';
import type { Progress } from './progress.ts';

const HASH = 'com.docker.compose.config-hash';
const IMAGE = 'com.docker.compose.image';

/** The new containers are no good; they are gone again, and the old ones were left as they were. */
export interface RollFailure {
  problem: string;
  /** The last lines that they wrote. */
  log: string[];
}

/**
 * @param imageId of the service's image as it is now
 * @returns undefined when all of them are as the file says, or nothing runs yet
 */
export async function roll(
  world: World,
  project: ComposeProject,
  service: ComposeService,
  imageId: string | undefined,
  timeoutSeconds: number,
  progress: Progress,
  style: Style,
): Promise<RollFailure | undefined> {
  const present = await listContainers(world, project, [service.name]);
  const serving = present.filter(({ state }) => state === 'running');
  if (serving.length === 0) return undefined;
  const old = await outdatedContainers(world, project, service, imageId, serving);
  if (old.length === 0) return undefined;
  progress.activity(`replacing ${service.name}`);
  // What it stands on first, such as a Redis with a new password.
  if (service.dependsOn.length > 0) await must(world, upArgv(project, service.dependsOn));
  const containers = present.length + service.replicas - (serving.length - old.length);
  const scale = { service: service.name, containers };
  await must(world, upArgv(project, [service.name], { noRecreate: true, scale }));
  const added = (await listContainers(world, project, [service.name])).filter(
    ({ id }) => !present.some((container) => sameContainer(container.id, id)),
  );
  const problem = await untilHealthy(
    world,
    project,
    service.name,
    added.map(({ id }) => id),
    timeoutSeconds,
  );
  if (problem !== undefined) {
    const log = await lastLog(world, project, service.name, style);
    // Names lead to them as well, healthy or not.
    for (const { id } of added) await must(world, discardArgv(id));
    return { problem: `${problem}; the old containers go on serving`, log };
  }
  for (const container of old) {
    await must(world, stopArgv(container.id));
    await must(world, removeArgv(container.id));
  }
  progress.done(`replaced ${service.name}, one container after another`);
  return undefined;
}

async function outdatedContainers(
  world: World,
  project: ComposeProject,
  service: ComposeService,
  imageId: string | undefined,
  containers: Container[],
): Promise<Container[]> {
  const hash = (await must(world, hashArgv(project, service.name))).stdout.trim().split(/\s+/).at(-1);
  const { stdout } = await must(world, labelsArgv(containers.map(({ id }) => id)));
  const labels = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  return containers.filter((_, index) => {
    const label = labels[index] ?? {};
    return label[HASH] !== hash || (imageId !== undefined && label[IMAGE] !== imageId);
  });
}
