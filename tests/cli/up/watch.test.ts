import { describe, expect, it } from 'vitest';
import { type Container, serviceStatuses } from '../../../cli/compose/containers.ts';
import { createWatch } from '../../../cli/up/watch.ts';

function look(state: string, health = '', id = 'new') {
  const container: Container = {
    id,
    name: 'p-a-1',
    service: 'a',
    state,
    health,
    exitCode: 1,
    status: '',
    image: '',
    ports: [],
  };
  return serviceStatuses(
    [
      {
        name: 'a',
        replicas: 1,
        image: '',
        checked: true,
        dependsOn: [],
        networks: [],
        dockerfile: undefined,
      },
    ],
    [container],
  );
}

describe('a service of a stack that is being started', () => {
  it('is lost when it does not pass its health check', () => {
    const watch = createWatch(new Set());
    expect(watch({ statuses: look('running', 'starting'), started: false })).toEqual([]);
    expect(watch({ statuses: look('running', 'unhealthy'), started: false })).toHaveLength(1);
  });
  it('may end once or twice, but not for ever', () => {
    const watch = createWatch(new Set());
    expect(watch({ statuses: look('restarting'), started: false })).toEqual([]);
    expect(watch({ statuses: look('running', 'starting'), started: false })).toEqual([]);
    expect(watch({ statuses: look('restarting'), started: true })).toEqual([]);
    expect(watch({ statuses: look('exited'), started: true })).toHaveLength(1);
  });
  it('is not judged by a container of before, until up is done with it', () => {
    const watch = createWatch(new Set(['old']));
    for (let times = 0; times < 5; times++) {
      expect(watch({ statuses: look('restarting', '', 'old'), started: false })).toEqual([]);
    }
    expect(watch({ statuses: look('running', 'unhealthy', 'old'), started: true })).toHaveLength(1);
  });
});
