import { describe, expect, it } from 'vitest';
import { parseContainers, serviceStatuses } from '../../../cli/compose/containers.ts';
import { psTable } from '../../../cli/compose/operate/ps.ts';
import { createOutput } from '../../../cli/output.ts';

const { style } = createOutput({}, { write: () => undefined }, { write: () => undefined }, {});

function line(name: string, service: string, more: object = {}) {
  return JSON.stringify({
    ID: `id-${name}`,
    Name: name,
    Service: service,
    State: 'running',
    Status: 'Up 5 seconds',
    ...more,
  });
}
const service = (name: string, replicas = 1) => ({
  name,
  replicas,
  image: '',
  checked: true,
  dependsOn: [],
  networks: [],
  dockerfile: undefined,
});

describe('parseContainers', () => {
  it('reads an object a line, and the one array of an older Compose', () => {
    const lines = [line('p-b-2', 'b'), line('p-b-10', 'b'), line('p-a-1', 'a')];
    const names = ['p-a-1', 'p-b-2', 'p-b-10'];
    expect(parseContainers(`${lines.join('\n')}\n`).map(({ name }) => name)).toEqual(names);
    expect(parseContainers(`[${lines.join(',')}]`).map(({ name }) => name)).toEqual(names);
    expect(parseContainers('')).toEqual([]);
    expect(parseContainers('[]')).toEqual([]);
  });

  it('takes the exit code of a restarting container from the words, where Compose says 0', () => {
    const [container] = parseContainers(
      line('p-a-1', 'a', { State: 'restarting', ExitCode: 0, Status: 'Restarting (7) 2 seconds ago' }),
    );
    expect(container?.exitCode).toBe(7);
  });

  it('lists published ports only', () => {
    const Publishers = [
      { URL: '127.0.0.1', TargetPort: 8080, PublishedPort: 80 },
      { URL: '::', TargetPort: 8080, PublishedPort: 80 },
      { URL: '', TargetPort: 9000, PublishedPort: 0 },
    ];
    expect(parseContainers(line('p-a-1', 'a', { Publishers }))[0]?.ports).toEqual([
      '127.0.0.1:80',
      '[::]:80',
    ]);
    expect(parseContainers(line('p-a-1', 'a', { Publishers: null }))[0]?.ports).toEqual([]);
  });
});

describe('serviceStatuses', () => {
  it('a service is what its worst container is, and missing replicas count', () => {
    const containers = parseContainers(
      [
        line('p-auth-1', 'auth', { Health: 'healthy' }),
        line('p-auth-2', 'auth', { Health: 'starting' }),
        line('p-redis-1', 'redis', { Health: 'unhealthy' }),
        line('p-time-1', 'time', { State: 'exited', ExitCode: 3 }),
        line('p-memory-1', 'memory', { State: 'created' }),
        line('p-plain-1', 'plain'),
        line('p-unchecked-yet-1', 'unchecked-yet'),
        line('p-short-1', 'short', { Health: 'healthy' }),
      ].join('\n'),
    );
    const services = [
      service('auth', 2),
      ...['redis', 'time', 'memory', 'gone'].map((name) => service(name)),
      service('short', 2),
      { ...service('plain'), checked: false },
      service('unchecked-yet'),
    ];
    expect(
      serviceStatuses(services, containers).map(({ service, state, ready, exitCode }) => [
        service,
        state,
        ready,
        exitCode,
      ]),
    ).toEqual([
      ['auth', 'starting', 1, 0],
      ['redis', 'unhealthy', 0, 0],
      ['time', 'stopped', 0, 3],
      ['memory', 'waiting', 0, 0],
      ['gone', 'missing', 0, 0],
      ['short', 'missing', 1, 0],
      ['plain', 'healthy', 1, 0],
      ['unchecked-yet', 'starting', 0, 0],
    ]);
  });
});

describe('psTable', () => {
  it('has a line for each container, and for what has none', () => {
    const containers = parseContainers(
      [
        line('p-auth-1', 'auth', { Health: 'healthy', Status: 'Up 2 minutes (healthy)' }),
        line('p-auth-2', 'auth', { State: 'restarting', Status: 'Restarting (1) 4 seconds ago' }),
      ].join('\n'),
    );
    expect(
      psTable(serviceStatuses([service('auth', 2), service('time')], containers), style).split('\n'),
    ).toEqual([
      'CONTAINER  STATE           SINCE          PUBLISHED',
      'auth-1     healthy         2 minutes',
      'auth-2     restarting (1)  4 seconds ago',
      'time       not created',
    ]);
  });
});
