import { describe, expect, test } from 'vitest';
import { type Change, planChanges, routesLast } from '../../cli/plan.ts';
import { stamped, stampState } from '../../cli/stamp.ts';

const map = (files: Record<string, string>) => new Map(Object.entries(files));

describe('the stamp', () => {
  test('tells what mcpgw wrote from what somebody changed or made', () => {
    const text = stamped('a: 1\n');
    expect(stampState(text)).toBe('intact');
    expect(stampState(`${text}# more`)).toBe('edited');
    expect(stampState(text.replace('a: 1', 'a: 2'))).toBe('edited');
    expect(stampState(text.split('\n').slice(1).join('\n'))).toBe('foreign');
    expect(stampState('')).toBe('foreign');
    expect(text.split('\n')[0]?.length).toBeLessThan(100);
  });
});

describe('planChanges', () => {
  test('creates, changes and removes; what is the same is not among them', () => {
    const tree = map({
      'compose.yaml': stamped('new'),
      'docker/a': stamped('a'),
      'docker/same': stamped('same'),
      'secrets/context_x': 'k',
    });
    const disk = map({
      ...{ 'compose.yaml': stamped('old'), 'docker/same': stamped('same'), 'docker/gone': stamped('gone') },
      ...{ 'secrets/context_y': 'old', 'secrets/mine': 'mine', 'docker/mine': 'FROM x' },
    });
    const { changes } = planChanges(tree, disk);
    expect(changes.map(({ path, action, conflict }) => [path, action, conflict])).toEqual([
      ['compose.yaml', 'change', undefined],
      ['docker/a', 'create', undefined],
      ['docker/gone', 'remove', undefined],
      ['secrets/context_x', 'create', undefined],
      ['secrets/context_y', 'remove', undefined],
    ]);
  });

  test('marks files that hold somebody’s work, also those that would be removed', () => {
    const disk = map({
      'compose.yaml': 'services: {}',
      'traefik/traefik.yaml': `${stamped('x')}#`,
      'docker/gone': `${stamped('x')}#`,
    });
    const { changes } = planChanges(
      map({ 'compose.yaml': stamped('a'), 'traefik/traefik.yaml': stamped('b') }),
      disk,
    );
    expect(changes.map(({ path, conflict }) => [path, conflict])).toEqual([
      ['compose.yaml', 'foreign'],
      ['docker/gone', 'edited'],
      ['traefik/traefik.yaml', 'edited'],
    ]);
  });
});

describe('routesLast', () => {
  const change = (path: string, action: Change['action'] = 'change'): Change => ({ path, action });
  const paths = (changes: Change[]) => changes.map(({ path }) => path);

  test('holds new routes back, and lets those of what goes go first', () => {
    const { first, last } = routesLast([
      change('compose.yaml'),
      change('traefik/dynamic/certificate.pem'),
      change('traefik/dynamic/service-new.yaml', 'create'),
      change('traefik/dynamic/service-old.yaml', 'remove'),
      change('traefik/traefik.yaml'),
    ]);
    expect(paths(first)).toEqual([
      'compose.yaml',
      'traefik/dynamic/service-old.yaml',
      'traefik/traefik.yaml',
    ]);
    expect(paths(last)).toEqual(['traefik/dynamic/certificate.pem', 'traefik/dynamic/service-new.yaml']);
  });

  test('holds nothing back where there are no routes yet', () => {
    const changes = [
      change('compose.yaml', 'create'),
      change('traefik/dynamic/gateway.yaml', 'create'),
      change('traefik/dynamic/service-new.yaml', 'create'),
    ];
    expect(routesLast(changes)).toEqual({ first: changes, last: [] });
  });
});
