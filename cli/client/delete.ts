/** `mcpgw client delete`: ends a client, and with it every token that it has. */
import type { ClientDeleteFlags } from '../commands/client/index.ts';
import { EXIT, InterruptedError, UserError } from '../errors.ts';
import { findGateway, type Gateway } from '../net/gateway.ts';
import { oneLine } from '../net/one-line.ts';
import { createOutput, type Output } from '../output.ts';
import { accessEndedIn, clientIn, documentClientIn, isUrl } from './admin-answer.ts';
import { clientText, documentClientText } from './show.ts';

/** The prompt draws a frame around it. */
const ASKED_WIDTH = 74;

export async function runClientDelete(
  id: string,
  flags: ClientDeleteFlags,
  output: Output = createOutput(flags),
): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  if (isUrl(id)) return endAccess(id, flags, gateway, output);
  if (flags.yes !== true) {
    const client = clientIn(await gateway.admin(['show', id]), id);
    await agree(clientText(client, ASKED_WIDTH), 'Delete it, and end all of its tokens?');
  }
  const client = clientIn(await gateway.admin(['delete', id]), id);
  const name = client.metadata.client_name;
  output.result(
    `Deleted ${name === undefined ? 'client' : `"${oneLine(name)}"`} (${client.client_id}) and ended its tokens.`,
    { deleted: client },
  );
}

/** A client that is the URL of a metadata document is not ours to delete. */
async function endAccess(
  url: string,
  flags: ClientDeleteFlags,
  gateway: Gateway,
  output: Output,
): Promise<void> {
  if (flags.yes !== true) {
    const shown = await gateway.admin(['show', url]);
    // What it was given can outlast the document.
    const text =
      shown.status === 404
        ? `client_id  ${oneLine(url)}`
        : documentClientText(documentClientIn(shown, url), ASKED_WIDTH);
    await agree(text, 'End all of its tokens, and what people agreed to for it?');
  }
  const ended = accessEndedIn(await gateway.admin(['delete', url]), url);
  output.result(`Ended the tokens of ${oneLine(ended.client_id)}, and what people agreed to for it.`, {
    ended,
  });
  output.note(
    'It may ask again, and people must then agree anew. What keeps it out: CLIENT_DOCUMENT_DOMAINS, or a rule in policy.yaml.',
  );
}

/** @throws UserError without a terminal; InterruptedError when the person says no */
async function agree(text: string, message: string): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UserError(
      'client delete ends all of its tokens, and there is no terminal to ask on: add --yes',
      EXIT.usage,
    );
  }
  const { terminalAsker } = await import('../prompts/asker.ts');
  const asker = terminalAsker();
  asker.note(text, 'Client');
  const yes = await asker.confirm({ message, initial: false });
  if (!yes) throw new InterruptedError('Nothing was deleted.');
}
