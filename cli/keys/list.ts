/** `mcpgw keys list`. */
import type { KeyView } from '../../runtime/embedded/admin.ts';
import type { KeysFlags } from '../commands/keys.ts';
import { findGateway } from '../net/gateway.ts';
import { createOutput, type Output, table } from '../output.ts';
import { keysIn } from './answer.ts';

export async function runKeysList(flags: KeysFlags, output: Output = createOutput(flags)): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  const keys = keysIn(await gateway.admin(['keys']));
  output.result(keysText(keys), { keys });
}

/** Fits 80 columns: a name has 43 characters. */
export function keysText(keys: KeyView[]): string {
  return table([
    ['KEY', 'STATE', 'SINCE'],
    ...keys.map(({ kid, state, signs_from, ends_at }) => [
      kid,
      stateText(state, ends_at),
      minutes(signs_from),
    ]),
  ]);
}

function stateText(state: KeyView['state'], endsAt: string | null): string {
  return endsAt === null ? state : `until ${minutes(endsAt).slice(5)}`;
}

/** To the minute, in UTC. */
function minutes(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ');
}
