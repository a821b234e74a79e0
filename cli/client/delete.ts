/** `mcpgw client delete`: ends a client, and with it every token that it has. */
import type { ClientDeleteFlags } from '../commands/client/index.ts';
import { EXIT, InterruptedError, UserError } from '../errors.ts';
import { findGateway } from '../net/gateway.ts';
import { oneLine } from '../net/one-line.ts';
import { createOutput, type Output } from '../output.ts';
import { clientIn } from './admin-answer.ts';
import { clientText } from './show.ts';

/** The prompt draws a frame around it. */
const ASKED_WIDTH = 74;

export async function runClientDelete(
  id: string,
  flags: ClientDeleteFlags,
  output: Output = createOutput(flags),
): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  if (flags.yes !== true)
    await agree(clientText(clientIn(await gateway.admin(['show', id]), id), ASKED_WIDTH));
  const client = clientIn(await gateway.admin(['delete', id]), id);
  const name = client.metadata.client_name;
  output.result(
    `Deleted ${name === undefined ? 'client' : `"${oneLine(name)}"`} (${client.client_id}) and ended its tokens.`,
    { deleted: client },
  );
}

/** @throws UserError without a terminal; InterruptedError when the person says no */
async function agree(text: string): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UserError(
      'client delete ends all of its tokens, and there is no terminal to ask on: add --yes',
      EXIT.usage,
    );
  }
  const { terminalAsker } = await import('../prompts/asker.ts');
  const asker = terminalAsker();
  asker.note(text, 'Client');
  const yes = await asker.confirm({ message: 'Delete it, and end all of its tokens?', initial: false });
  if (!yes) throw new InterruptedError('Nothing was deleted.');
}
