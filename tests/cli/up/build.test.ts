import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readProject } from '../../../cli/compose/project.ts';
import { buildImages, type BuildOptions } from '../../../cli/up/build.ts';
import { BUILT } from '../../../cli/up/images.ts';
import type { Prepared } from '../../../cli/up/prepare.ts';
import { silentProgress } from '../../../cli/up/progress.ts';
import { readAll, temporaryFolder } from '../support/run-init.ts';

const COMPOSE = `name: p
services:
  auth: { image: 'p-runtime:1', healthcheck: {}, build: { context: ., dockerfile: docker/runtime.Dockerfile } }
  memory: { image: 'p-memory:1', healthcheck: {}, build: { context: ., dockerfile: docker/memory.Dockerfile } }
  redis: { image: 'p-redis:1', healthcheck: {}, build: { context: ., dockerfile: docker/redis.Dockerfile } }
networks: {}
`;
const DOCKERFILES = new Map([
  ['docker/runtime.Dockerfile', 'FROM node'],
  ['docker/memory.Dockerfile', 'FROM p-runtime:1'],
  ['docker/redis.Dockerfile', 'FROM redis'],
]);

/** An engine and a folder that it builds from. */
function gateway() {
  const folder = temporaryFolder();
  mkdirSync(dirname(join(folder, BUILT)), { recursive: true });
  const prepared = {
    project: readProject(folder, COMPOSE),
    tree: DOCKERFILES,
    packed: 'a',
  } as unknown as Prepared;
  const images = new Map<string, string>();
  const builds: string[] = [];
  let fails: string | undefined;
  const run = (argv: string[], { onLine }: { onLine?: (line: string) => void }) => {
    const answer = { code: 0, stdout: '', stderr: '' };
    if (argv[0] === 'image') {
      const lines = argv.slice(4).flatMap((tag) => {
        const id = images.get(tag);
        return id === undefined ? [] : [JSON.stringify({ id, tags: [tag] })];
      });
      return Promise.resolve({ ...answer, stdout: lines.join('\n') });
    }
    const names = argv.slice(argv.indexOf('build') + 1);
    builds.push(names.join(' '));
    if (fails !== undefined) {
      for (let line = 0; line < 100; line += 1) onLine?.(`#5 line ${line} of the build`);
      onLine?.(fails);
      return Promise.resolve({ ...answer, code: 17 });
    }
    for (const name of names)
      images.set(`p-${name === 'auth' ? 'runtime' : name}:1`, `sha256:${builds.length}`);
    return Promise.resolve(answer);
  };
  const world = { run, signal: new AbortController().signal } as unknown as Parameters<typeof buildImages>[0];
  const build = (options: Partial<BuildOptions> = {}) =>
    buildImages(world, prepared, { services: [], force: false, noCache: false, ...options }, silentProgress);
  return { folder, builds, images, build, failWith: (line: string) => (fails = line) };
}

describe('images', () => {
  it('are built once, what others are built on first, and again where one has gone or is not ours', async () => {
    const { builds, images, build } = gateway();
    expect(await build()).toEqual(['auth', 'memory', 'redis']);
    expect(builds.splice(0)).toEqual(['auth redis', 'memory']);
    expect(await build()).toEqual([]);
    expect(builds).toEqual([]);
    images.delete('p-redis:1');
    expect(await build()).toEqual(['redis']);
    images.set('p-memory:1', "somebody else's");
    expect(await build()).toEqual(['memory']);
  });

  it('are built again when that is asked for, of some with what they are built on', async () => {
    const { builds, build } = gateway();
    await build();
    builds.splice(0);
    expect(await build({ services: ['memory'], force: true, noCache: true })).toEqual(['auth', 'memory']);
    expect(builds).toEqual(['--no-cache auth', '--no-cache memory']);
  });

  it('that cannot be built end it with the last that the build said, and are not taken for built', async () => {
    const { folder, builds, build, failWith } = gateway();
    failWith('#6 ERROR: no space left on device');
    const failed = build();
    await expect(failed).rejects.toThrow(/the images of auth, redis could not be built/);
    await expect(failed).rejects.toThrow(/no space left on device/);
    await expect(failed).rejects.not.toThrow(/line 1 of/);
    expect(builds).toEqual(['auth redis']);
    expect(readAll(folder).has(BUILT)).toBe(false);
  });
});
