import { describe, expect, it } from 'vitest';
import { buildables, outdated, parseBuilt, parseImages, stages } from '../../../cli/up/images.ts';

const service = (name: string, image: string, dockerfile?: string) => ({
  name,
  image,
  dockerfile,
  replicas: 1,
  checked: true,
  dependsOn: [],
  networks: [],
});
const services = [
  service('traefik', 'traefik:v3.7'),
  service('auth', 'p-runtime:1', 'docker/runtime.Dockerfile'),
  service('redis', 'p-redis:1', 'docker/redis.Dockerfile'),
  service('echo', 'p-runtime:1'),
  service('memory', 'p-memory:1', 'docker/memory.Dockerfile'),
];
const dockerfiles = new Map([
  ['docker/runtime.Dockerfile', 'FROM node'],
  ['docker/redis.Dockerfile', 'FROM redis'],
  ['docker/memory.Dockerfile', 'FROM p-runtime:1'],
]);
const all = (packed = 'a', files = dockerfiles) => buildables({ services, dockerfiles: files, packed });
const names = (list: { service: string }[]) => list.map((one) => one.service);
const changed = (packed: string, files = dockerfiles) => {
  const before = new Map(all().map(({ image, inputs }) => [image, inputs]));
  return names(all(packed, files).filter(({ image, inputs }) => before.get(image) !== inputs));
};

describe('buildables', () => {
  it('are the images that have a Dockerfile, what others are built on first', () => {
    expect(stages(all()).map(names)).toEqual([['auth', 'redis'], ['memory']]);
    expect(stages([])).toEqual([]);
  });
  it('new code touches what runs it, a Dockerfile itself and what is built on it', () => {
    expect(changed('b')).toEqual(['auth', 'memory']);
    expect(changed('a', new Map([...dockerfiles, ['docker/runtime.Dockerfile', 'FROM other']]))).toEqual([
      'auth',
      'memory',
    ]);
    expect(changed('a', new Map([...dockerfiles, ['docker/redis.Dockerfile', 'FROM other']]))).toEqual([
      'redis',
    ]);
  });
});

describe('outdated', () => {
  const built = Object.fromEntries(
    all().map(({ image, inputs }) => [image, { inputs, id: `sha256:${image}` }]),
  );
  const present = new Map(all().map(({ image }) => [image, `sha256:${image}`]));
  it('is nothing when all is as it was built', () => {
    expect(outdated(all(), built, present)).toEqual([]);
  });
  it('is what was never built, is gone, or was replaced by somebody', () => {
    expect(names(outdated(all(), {}, present))).toEqual(['auth', 'redis', 'memory']);
    expect(names(outdated(all(), built, new Map([...present].slice(1))))).toEqual(['auth']);
    expect(names(outdated(all(), built, new Map([...present, ['p-redis:1', 'sha256:other']])))).toEqual([
      'redis',
    ]);
  });
});

describe('what Docker and the record say', () => {
  it('is read, and a broken record is none', () => {
    const stdout = '{"id":"sha256:1","tags":["a:1","b:1"]}\n{"id":"sha256:2","tags":null}\n';
    expect([...parseImages(stdout)]).toEqual([
      ['a:1', 'sha256:1'],
      ['b:1', 'sha256:1'],
    ]);
    expect(parseBuilt(undefined)).toEqual({});
    expect(parseBuilt('{"a":')).toEqual({});
    expect(parseBuilt('{"a":1}')).toEqual({});
    expect(parseBuilt('{"a":{"inputs":"x","id":"y"}}')).toEqual({ a: { inputs: 'x', id: 'y' } });
  });
});
