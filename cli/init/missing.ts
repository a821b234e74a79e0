/** Faults of a configuration, as somebody who called `init` reads them: with the flag that puts each right. */
import type { ConfigError } from '../../runtime/config/faults.ts';
import { type Fault } from '../../runtime/config/faults.ts';
import { EXIT, UserError } from '../errors.ts';
import { howToGive } from './flags.ts';

/** @param start what the list is about */
export function withFlags(error: ConfigError, start: string): UserError {
  return new UserError(`${start}\n${error.faults.map(line).join('\n')}\nNothing was written.`, EXIT.usage);
}

function line({ key, problem, example }: Fault): string {
  const like = example === undefined || example.startsWith('(') ? '' : ` (example: ${example})`;
  return `  ${key} ${problem}${like}\n    give ${howToGive(key)}`;
}
