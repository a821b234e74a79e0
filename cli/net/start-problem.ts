/** Why a service's server cannot start, in what the service says of its health. */
import { z } from 'zod';
import { oneLine } from './one-line.ts';

export interface StartProblem {
  /** A clause: "cannot start: exited with code 1". */
  reason: string;
  /** The last lines that the server wrote. */
  output: string[];
}

const schema = z.looseObject({
  ready: z.literal(false),
  reason: z.string(),
  output: z.array(z.string()).default([]),
});

/**
 * @param text the answer of `/health`, or anything else
 * @returns fit for a terminal; undefined when it tells of no such problem
 */
export function startProblemIn(text: string): StartProblem | undefined {
  let found: z.output<typeof schema>;
  try {
    found = schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
  return { reason: oneLine(found.reason), output: found.output.map((line) => oneLine(line)) };
}
