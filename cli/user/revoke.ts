/** `mcpgw user revoke`: ends every token and session of a person. */
import { z } from 'zod';
import { unexpected } from '../client/admin-answer.ts';
import type { UserRevokeFlags } from '../commands/user.ts';
import { EXIT, InterruptedError, UserError } from '../errors.ts';
import { findGateway } from '../net/gateway.ts';
import { oneLine } from '../net/one-line.ts';
import { createOutput, type Output } from '../output.ts';

const answerSchema = z.object({ users: z.array(z.string()) });

export async function runUserRevoke(
  user: string,
  flags: UserRevokeFlags,
  output: Output = createOutput(flags),
): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  if (flags.yes !== true) await agree(user);
  const answer = await gateway.admin(['revoke-user', user]);
  if (answer.status === 404) {
    throw new UserError(
      `nobody with the login ${oneLine(user)} was active lately. Name the id, such as github:583231; mcpgw audit shows ids.`,
    );
  }
  const found = answerSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  const { users } = found.data;
  output.result(`Ended every token and session of ${users.map((id) => oneLine(id)).join(', ')}.`, {
    revoked: users,
  });
  output.note('Whoever is still allowed in can sign in again.');
}

/** @throws UserError without a terminal; InterruptedError when the person says no */
async function agree(user: string): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
    throw new UserError(
      'user revoke ends all of their tokens and sessions, and there is no terminal to ask on: add --yes',
      EXIT.usage,
    );
  }
  const { terminalAsker } = await import('../prompts/asker.ts');
  const yes = await terminalAsker().confirm({
    message: `End every token and session of ${oneLine(user)}?`,
    initial: false,
  });
  if (!yes) throw new InterruptedError('Nothing was ended.');
}
