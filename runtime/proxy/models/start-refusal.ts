import type { Logger } from '../../config/log.ts';
import { unavailable } from '../checks.ts';
import { NoPipesError } from '../child/child.ts';
import type { Refusal } from '../http.ts';
import { ErrorCode } from '../messages/json-rpc.ts';
import { PeerError } from '../peer/peer-types.ts';
import { StartRefusedError } from './children.ts';

/** @returns what a caller is told of a child that could not be started; what the caller may not hear is logged */
export function startRefusal(
  error: unknown,
  { service, user, logger }: { service: string; user: string | undefined; logger: Logger },
): Refusal {
  if (error instanceof PeerError)
    return { status: error.status, code: ErrorCode.server, message: error.message };
  if (error instanceof StartRefusedError) {
    const { status, message, retryAfterSeconds } = error;
    const headers = { 'retry-after': String(retryAfterSeconds) };
    return { status, code: ErrorCode.server, message, headers };
  }
  const reason = error instanceof Error ? error.message : String(error);
  logger.error({ service, user, reason }, 'server could not be started');
  const started = `The server of '${service}' could not be started;`;
  if (error instanceof NoPipesError) return unavailable(503, `${started} try again later.`);
  return { status: 500, code: ErrorCode.server, message: `${started} its log says why.` };
}
