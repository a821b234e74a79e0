/** `mcpgw keys rotate`: a new signing key, without a restart. */
import type { RotationView } from '../../runtime/embedded/admin.ts';
import type { KeysRotateFlags } from '../commands/keys.ts';
import { EXIT, InterruptedError, UserError } from '../errors.ts';
import { findGateway } from '../net/gateway.ts';
import { createOutput, type Output } from '../output.ts';
import { rotationIn } from './answer.ts';
import { keysText } from './list.ts';

export async function runKeysRotate(
  flags: KeysRotateFlags,
  output: Output = createOutput(flags),
): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  if (flags.revokeOld === true && flags.yes !== true) await agree();
  const words = [...(flags.now === true ? ['now'] : []), ...(flags.revokeOld === true ? ['revoke-old'] : [])];
  const rotation = rotationIn(await gateway.admin(['rotate-keys', ...words]));
  if (rotation.outcome === 'busy')
    throw new UserError(
      'another rotation is under way. mcpgw keys list shows what comes of it; then try again.',
    );
  output.result(`${said(rotation, flags)}\n\n${keysText(rotation.keys)}`, rotation);
}

function said({ outcome, keys: [newest] }: RotationView, { revokeOld }: KeysRotateFlags): string {
  const from = newest?.signs_from.slice(0, 19).replace('T', ' ') ?? '';
  if (outcome === 'pending')
    return `There is a new key already, which signs from ${from} UTC. --now takes it at once.`;
  if (revokeOld === true)
    return 'There is a new key, and the former ones are gone, with every token that they signed.';
  return `There is a new key, which signs from ${from} UTC.`;
}

/** @throws UserError without a terminal; InterruptedError when the person says no */
async function agree(): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UserError(
      'keys rotate --revoke-old ends every access token, and there is no terminal to ask on: add --yes',
      EXIT.usage,
    );
  }
  const { terminalAsker } = await import('../prompts/asker.ts');
  const yes = await terminalAsker().confirm({
    message: 'Remove the former keys, and end every access token?',
    initial: false,
  });
  if (!yes) throw new InterruptedError('Nothing was changed.');
}
