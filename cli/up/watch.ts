/** When a service of a stack that is being started counts as lost. Pure: what Docker says comes in. */
import type { Container, ServiceStatus } from '../compose/containers.ts';

export interface Observation {
  statuses: ServiceStatus[];
  /** `docker compose up` has come to its end. */
  started: boolean;
}

/** A server that ends once may have been early; one that is seen down this often does not come up. */
const ENOUGH_ENDS = 3;

/**
 * @param before ids of the containers that were there already: until `up` is done with them, what they are says nothing
 * @returns for each look at the stack, the services that are not going to be healthy, judged with the looks before
 */
export function createWatch(before: ReadonlySet<string>): (observation: Observation) => ServiceStatus[] {
  const ends = new Map<string, number>();
  const lost = ({ id, state, health }: Container, started: boolean): boolean => {
    if (!started && before.has(id)) return false;
    if (state === 'running') return health === 'unhealthy';
    if (state === 'dead') return true;
    if (state !== 'restarting' && state !== 'exited') return false;
    ends.set(id, (ends.get(id) ?? 0) + 1);
    return (ends.get(id) ?? 0) >= ENOUGH_ENDS;
  };
  // Each container is counted, also behind the first that is lost.
  return ({ statuses, started }) =>
    statuses.filter(({ containers }) => containers.map((one) => lost(one, started)).includes(true));
}
