/** What services answer to the engine's probes: one that runs, and passes them, may have a server that cannot start. */
import { z } from 'zod';
import { startProblemIn, type StartProblem } from '../net/start-problem.ts';
import { probesArgv } from './argv.ts';
import type { Container } from './containers.ts';
import type { World } from './steps.ts';

export interface Unready extends StartProblem {
  container: Container;
}

const probesSchema = z.looseObject({ Log: z.array(z.looseObject({ Output: z.string() })).nullable() });

/** Never rejects for a container that has gone meanwhile. */
export async function unreadyContainers(world: World, containers: Container[]): Promise<Unready[]> {
  const running = containers.filter(({ state }) => state === 'running');
  if (running.length === 0) return [];
  const argv = probesArgv(running.map(({ id }) => id));
  const { stdout } = await world.run(argv, { signal: world.signal });
  return stdout.split('\n').flatMap((line) => {
    const [id = '', probes = ''] = line.split('\t');
    const container = running.find((one) => one.id !== '' && id.startsWith(one.id));
    const problem = startProblemIn(lastAnswer(probes));
    return container === undefined || problem === undefined ? [] : [{ container, ...problem }];
  });
}

/**
 * @param probes as the engine keeps them: JSON, `null` without a health check
 * @returns empty where there is none
 */
function lastAnswer(probes: string): string {
  try {
    const { Log } = probesSchema.parse(JSON.parse(probes));
    return Log?.at(-1)?.Output ?? '';
  } catch {
    return '';
  }
}
