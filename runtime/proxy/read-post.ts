/** A POST's headers and body, before anything of it is acted on: the same for a stdio server and a remote one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallerContext } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import type { McpRequests } from '../metrics/mcp-requests.ts';
import { type BodyBudget, readBody } from '../net/request-body.ts';
import { acceptsOf, bodyRefusal } from './checks.ts';
import { type Accepts, refuse } from './http.ts';
import { type IncomingBody, parseBody } from './messages/incoming.ts';
import { ErrorCode, methodOf } from './messages/json-rpc.ts';

export interface PostDeps {
  service: string;
  /** In bytes. */
  limits: { maxMessageBytes: number };
  bodies: BodyBudget;
  metrics: McpRequests;
  logger: Logger;
}

export interface Posted {
  caller: CallerContext;
  accepts: Accepts;
  parsed: IncomingBody;
}

/**
 * @param take gets what could be read; the rest is refused (MCP 2025-11-25, Transports, "Sending Messages to the Server").
 *   What it throws is answered with 500: one request must not take the others down.
 */
export function readPost(
  req: IncomingMessage,
  res: ServerResponse,
  caller: CallerContext,
  deps: PostDeps,
  take: (posted: Posted) => void,
): void {
  const { service, limits, bodies, metrics, logger } = deps;
  const accepts = acceptsOf(req);
  if ('status' in accepts) return refuse(res, accepts);
  const { maxMessageBytes } = limits;
  readBody(req, { maxBytes: maxMessageBytes, budget: bodies, user: caller.sub }, (body) => {
    try {
      const parsed = typeof body === 'string' ? bodyRefusal(body, maxMessageBytes) : parseBody(body);
      if ('status' in parsed) {
        metrics.refused(parsed.status);
        return refuse(res, parsed);
      }
      metrics.watch(res, methodOf(parsed.incoming[0]?.message));
      take({ caller, accepts, parsed });
    } catch (error) {
      logger.error({ service, user: caller.sub, reason: String(error) }, 'request failed');
      refuse(res, { status: 500, code: ErrorCode.internal, message: 'The request could not be handled.' });
    }
  });
}
