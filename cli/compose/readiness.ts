/** What services answer to the engine's probes: one that runs, and passes them, may have a server that cannot start. */
import { z } from 'zod';
import { oneLine } from '../net/one-line.ts';
import { probesArgv } from './argv.ts';
import type { Container } from './containers.ts';
import type { World } from './steps.ts';

export interface Unready {
  container: Container;
  /** A clause: "cannot start: exited with code 1". */
  reason: string;
  /** The last lines that the server wrote. */
  output: string[];
}

const probesSchema = z.looseObject({ Log: z.array(z.looseObject({ Output: z.string() })).nullable() });
const answerSchema = z.looseObject({
  ready: z.literal(false),
  reason: z.string(),
  output: z.array(z.string()).default([]),
});

/** Never rejects for a container that has gone meanwhile. */
export async function unreadyContainers(world: World, containers: Container[]): Promise<Unready[]> {
  const running = containers.filter(({ state }) => state === 'running');
  if (running.length === 0) return [];
  const argv = probesArgv(running.map(({ id }) => id));
  const { stdout } = await world.run(argv, { signal: world.signal });
  return stdout.split('\n').flatMap((line) => {
    const [id = '', probes = ''] = line.split('\t');
    const container = running.find((one) => one.id !== '' && id.startsWith(one.id));
    const answer = lastAnswer(probes);
    if (container === undefined || answer === undefined) return [];
    const output = answer.output.map((text) => oneLine(text));
    return [{ container, reason: oneLine(answer.reason), output }];
  });
}

/** @param probes as the engine keeps them: JSON, `null` without a health check */
function lastAnswer(probes: string): z.output<typeof answerSchema> | undefined {
  try {
    const { Log } = probesSchema.parse(JSON.parse(probes));
    return answerSchema.parse(JSON.parse(Log?.at(-1)?.Output ?? ''));
  } catch {
    // Of other containers, and of an older mcpgw's: they say nothing of that.
    return undefined;
  }
}
