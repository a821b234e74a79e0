/** Why a server cannot start, as its service knows it: no client is told what a server wrote, but `mcpgw health` is. */
import type { HttpClient } from '../net/http-client.ts';
import { startProblemIn, type StartProblem } from '../net/start-problem.ts';
import { CheckFailure } from './check.ts';
import type { McpTarget } from './mcp-session.ts';

const LIMIT_MS = 5_000;

/**
 * @param error that `initialize` ended with
 * @returns what says more than that; undefined when the service knows no more
 */
export async function explainStart(
  client: HttpClient,
  target: McpTarget,
  error: unknown,
): Promise<CheckFailure | undefined> {
  const found = await startProblemOf(client, target);
  if (found === undefined) return undefined;
  const { reason, output } = found;
  const said = error instanceof CheckFailure ? error.message : `the server of '${target.name}' ${reason}`;
  const problem = output.length === 0 ? `${said.replace(/\.$/, '')}. It wrote nothing.` : said;
  return new CheckFailure(problem, `${target.logs} says more`, output);
}

async function startProblemOf(
  client: HttpClient,
  { url, token }: McpTarget,
): Promise<StartProblem | undefined> {
  try {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const answer = await client.request(url, { headers, timeoutMs: LIMIT_MS });
    return startProblemIn(await answer.text());
  } catch {
    // Then there is only what is known already.
    return undefined;
  }
}
