/** `mcpgw client list`. */
import type { ClientView } from '../../runtime/embedded/admin.ts';
import type { ClientFlags } from '../commands/client/index.ts';
import { fit } from '../net/fit.ts';
import { findGateway } from '../net/gateway.ts';
import { createOutput, type Output, table } from '../output.ts';
import { clientsIn } from './admin-answer.ts';

export async function runClientList(flags: ClientFlags, output: Output = createOutput(flags)): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  const clients = clientsIn(await gateway.admin(['list']));
  output.result(listText(clients), { clients });
  if (clients.length === 0)
    output.note('No client is registered. Clients do that by themselves, or: mcpgw client register');
}

/** Fits 80 columns: an id has 22 characters. */
export function listText(clients: ClientView[]): string {
  if (clients.length === 0) return '';
  return table([
    ['CLIENT ID', 'NAME', 'SECRET', 'REGISTERED', 'ENDS'],
    ...clients.map(({ client_id, registered_at, expires_at, has_secret, metadata }) => [
      // Whole, whatever its length: it is what `show` and `delete` take.
      client_id,
      fit(metadata.client_name ?? '-', 22),
      has_secret ? 'yes' : 'no',
      registered_at.slice(0, 10),
      expires_at?.slice(0, 10) ?? 'never',
    ]),
  ]);
}
