/** Whether a service is there, and whether its server can start; if not, why. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerContext } from '../config/context.ts';
import { HEALTH_USER_ID } from '../config/health-user.ts';
import { parseAccept, replyJson } from './http.ts';
import type { StartProblem } from './models/starts.ts';

export interface Health {
  /** It takes no new sessions and calls. */
  closing: boolean;
  /** Why the server behind it cannot be started. */
  problem?: StartProblem | undefined;
}

/**
 * Asks no server: a probe must cost nothing. One that cannot start is no reason to start the service again, so the status
 * tells only whether that is there.
 */
export function replyHealth(res: ServerResponse, { closing, problem }: Health): void {
  const status = closing ? 'draining' : problem === undefined ? 'ok' : 'failing';
  const body = { status, live: true, ready: status === 'ok', ...(closing ? {} : whyOf(problem)) };
  replyJson(res, closing ? 503 : 200, JSON.stringify(body), { 'cache-control': 'no-store' });
}

function whyOf(problem: StartProblem | undefined): { reason?: string; output?: string[] } {
  if (problem === undefined) return {};
  const output = problem.output();
  return { reason: `cannot start: ${problem.reason}`, ...(output.length > 0 && { output }) };
}

/** `mcpgw health` has no way to `/health`, and asks for JSON where everybody else opens a stream; what a server wrote is for nobody else. */
export function asksForHealth({ method, headers }: IncomingMessage, { sub }: CallerContext): boolean {
  return sub === HEALTH_USER_ID && method === 'GET' && !parseAccept(headers.accept).stream;
}
