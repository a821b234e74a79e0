/** Builds the images that are missing or were made from something else. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildArgv, imagesArgv } from '../compose/argv.ts';
import { lastLines, SHOWN_LINES, type World } from '../compose/steps.ts';
import { UserError } from '../errors.ts';
import {
  type Buildable,
  buildables,
  BUILT,
  type Built,
  outdated,
  parseBuilt,
  parseImages,
  stages,
} from './images.ts';
import type { Prepared } from './prepare.ts';
import type { Progress } from './progress.ts';

export interface BuildOptions {
  /** Names of services; none means all. */
  services: string[];
  /** Also what seems to be as it should. */
  force: boolean;
  noCache: boolean;
}

/**
 * @returns names of the services whose image was built
 * @throws UserError with the last lines of a build that failed
 */
export async function buildImages(
  world: World,
  prepared: Prepared,
  options: BuildOptions,
  progress: Progress,
): Promise<string[]> {
  const { project, tree, packed } = prepared;
  const path = join(project.folder, BUILT);
  const all = buildables({ services: project.services, dockerfiles: tree, packed });
  const wanted = withNeeded(all, options.services);
  const built = parseBuilt(existsSync(path) ? readFileSync(path, 'utf8') : undefined);
  const todo = options.force ? wanted : outdated(wanted, built, await presentImages(world, tags(wanted)));
  for (const stage of stages(todo)) await buildStage(world, prepared, stage, options, progress);
  const ids = await presentImages(world, tags(todo));
  const fresh: Built = Object.fromEntries(
    todo.map(({ image, inputs }) => [image, { inputs, id: ids.get(image) ?? '' }]),
  );
  if (todo.length > 0) writeFileSync(path, `${JSON.stringify({ ...built, ...fresh }, null, 2)}\n`);
  return todo.map(({ service }) => service);
}

function tags(images: Buildable[]): string[] {
  return images.map(({ image }) => image);
}

/** An image that one of them is built on is built with it. */
function withNeeded(all: Buildable[], services: string[]): Buildable[] {
  if (services.length === 0) return all;
  const chosen = all.filter(({ service }) => services.includes(service));
  return all.filter((one) => chosen.includes(one) || chosen.some(({ needs }) => needs === one.image));
}

/** @returns ids of those of the images that are there, by tag */
export async function presentImages({ run, signal }: World, images: string[]): Promise<Map<string, string>> {
  if (images.length === 0) return new Map();
  // It ends with 1 when one of them is missing, and prints the others all the same.
  return parseImages((await run(imagesArgv(images), { signal })).stdout);
}

async function buildStage(
  { run, signal }: World,
  { project }: Prepared,
  stage: Buildable[],
  { noCache }: BuildOptions,
  progress: Progress,
): Promise<void> {
  const names = stage.map(({ service }) => service);
  const begun = performance.now();
  const said: string[] = [];
  const what = `building ${names.length === 1 ? (names[0] as string) : `${names.length} images`}`;
  progress.activity(what);
  const { code } = await run(buildArgv(project, names, { noCache }), {
    signal,
    onLine: (line) => {
      if (line.trim() === '') return;
      said.push(line);
      if (said.length > 500) said.shift();
      const step = stepOf(line);
      if (step !== undefined) progress.activity(`${what}: ${step}`);
    },
  });
  if (code !== 0) {
    throw new UserError(
      `the images of ${names.join(', ')} could not be built:\n${lastLines(said.join('\n'), SHOWN_LINES)}\n` +
        'Nothing was started or changed. mcpgw up tries again from where this one stopped.',
    );
  }
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  progress.done(`built in ${seconds} s: ${names.join(', ')}`);
}

/** `#12 [memory server 2/3] RUN npm …` → `memory server 2/3] RUN npm …`, undefined for what is no step. */
function stepOf(line: string): string | undefined {
  return /^#\d+ \[([^\]]+)\] (.*)$/.exec(line)?.slice(1, 3).join(' ');
}
