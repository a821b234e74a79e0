/** Why a server cannot start, as its service knows it: no client is told what a server wrote, but `mcpgw health` is. */
import { z } from 'zod';
import type { HttpClient } from '../net/http-client.ts';
import { oneLine } from '../net/one-line.ts';
import { CheckFailure } from './check.ts';
import type { McpTarget } from './mcp-session.ts';

const LIMIT_MS = 5_000;

const healthSchema = z.looseObject({ reason: z.string(), output: z.array(z.string()).default([]) });

/**
 * @param error that `initialize` ended with
 * @returns what says more than that; undefined when the service knows no more
 */
export async function explainStart(
  client: HttpClient,
  target: McpTarget,
  error: unknown,
): Promise<CheckFailure | undefined> {
  const found = await readinessOf(client, target);
  if (found === undefined) return undefined;
  const output = found.output.map((line) => oneLine(line));
  const said =
    error instanceof CheckFailure ? error.message : `the server of '${target.name}' ${oneLine(found.reason)}`;
  const problem = output.length === 0 ? `${said.replace(/\.$/, '')}. It wrote nothing.` : said;
  return new CheckFailure(problem, `${target.logs} says more`, output);
}

async function readinessOf(client: HttpClient, { url, token }: McpTarget) {
  try {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const answer = await client.request(url, { headers, timeoutMs: LIMIT_MS });
    return healthSchema.safeParse(JSON.parse(await answer.text())).data;
  } catch {
    // Then there is only what is known already.
    return undefined;
  }
}
