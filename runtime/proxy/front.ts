/** What stands before `/mcp` of a service: its other paths, its health, and who may call it at all. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CONTEXT_HEADER, type CallerContext } from '../config/context.ts';
import type { Logger } from '../config/log.ts';
import { CallerVerifier } from './caller.ts';
import { asksForHealth, replyHealth, type Health } from './health.ts';
import { refuse, replyJson, type Refusal } from './http.ts';
import { ErrorCode } from './messages/json-rpc.ts';

/** What every service is told. */
export interface FrontOptions {
  /** The service's name in the catalog; contexts made for another one are refused. */
  service: string;
  /** Verifies `X-Mcpgw-Context`. */
  contextKey: Uint8Array;
  /** Values of `Origin` that may call; `*` among them means any. A request without `Origin` is no browser's. */
  allowedOrigins: string[];
  logger: Logger;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What differs from service to service. */
export interface FrontHooks {
  /** Asked with each probe, which must cost nothing. */
  health(): Health;
  /** A request that nobody has looked at was refused. @param status of the answer */
  refused(status: number): void;
}

export class Front {
  readonly #callers: CallerVerifier;
  readonly #origins: ReadonlySet<string>;
  readonly #hooks: FrontHooks;

  constructor({ service, contextKey, allowedOrigins, now = Date.now }: FrontOptions, hooks: FrontHooks) {
    this.#callers = new CallerVerifier(contextKey, service, now);
    this.#origins = new Set(allowedOrigins);
    this.#hooks = hooks;
  }

  /** @returns who calls `/mcp`; undefined for a request that is answered already */
  admit(req: IncomingMessage, res: ServerResponse): CallerContext | undefined {
    const path = pathOf(req.url);
    if (path === '/health') {
      const probes = req.method === 'GET' || req.method === 'HEAD';
      return void (probes ? replyHealth(res, this.#hooks.health()) : refuse(res, methodNotAllowed('GET')));
    }
    if (path !== '/mcp' && path !== '/mcp/') return void replyJson(res, 404, '{"error":"not_found"}');
    const { origin } = req.headers;
    if (origin !== undefined && !this.#origins.has(origin) && !this.#origins.has('*')) {
      this.#hooks.refused(403);
      const message = `The origin ${origin} may not call this server.`;
      return void refuse(res, { status: 403, code: ErrorCode.server, message });
    }
    const caller = this.#callers.verify(req.headers[CONTEXT_HEADER]);
    if (caller !== undefined) {
      if (!asksForHealth(req, caller)) return caller;
      return void replyHealth(res, this.#hooks.health());
    }
    this.#hooks.refused(401);
    replyJson(res, 401, UNAUTHORIZED);
    return undefined;
  }
}

const UNAUTHORIZED = JSON.stringify({
  error: 'invalid_token',
  error_description:
    'The signed caller context is missing or not valid: requests must come through the gateway.',
});

/** @param allow the methods that there are */
export function methodNotAllowed(allow: string): Refusal {
  return { status: 405, code: ErrorCode.server, message: 'Method not allowed.', headers: { allow } };
}

function pathOf(url = '/'): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
