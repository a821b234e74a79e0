/** From the status of a server's answer to what the client gets: content passes, everything else becomes words of ours. */
import { type Refusal, RETRY_AFTER } from '../../proxy/http.ts';
import { ErrorCode, isObject } from '../../proxy/messages/json-rpc.ts';
import { type RemoteDeps, SESSION_NOT_FOUND } from '../deps.ts';
import type { FailureReason } from '../remote-metrics.ts';
import type { UpstreamResponse } from '../upstream.ts';
import { readBounded } from './relay.ts';

/** Of an answer that is no content. */
const MAX_ERROR_BYTES = 64 * 1024;

/** What a client can do something about, when the server says it of a request: these pass, with the server's JSON-RPC error. */
const CLIENT_STATUS = new Set([400, 404, 405, 406, 409, 411, 413, 415, 422, 429]);

const WANTS_CREDENTIALS = new Set([401, 403, 407]);

/** How the content of an answer is served. */
export type Content = 'json' | 'stream' | 'none' | 'other';

export function contentOf({ statusCode, headers }: UpstreamResponse): Content {
  if (statusCode === 202 || statusCode === 204 || headers['content-length'] === '0') return 'none';
  const type = one(headers['content-type'])?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  return type === 'text/event-stream' ? 'stream' : 'other';
}

/** Whether it is compressed, which was not asked for and cannot be looked into. */
export function isEncoded({ headers }: UpstreamResponse): boolean {
  const encoding = one(headers['content-encoding'])?.toLowerCase();
  return encoding !== undefined && encoding !== 'identity' && encoding !== '';
}

/** Reads an answer that is no success, and says why in the log; never what the server's headers say. */
export async function refusalOf(
  upstream: UpstreamResponse,
  hadSession: boolean,
  { service, logger, metrics }: RemoteDeps,
): Promise<Refusal> {
  const { statusCode: status } = upstream;
  if (status === 404 && hadSession) {
    discard(upstream);
    return SESSION_NOT_FOUND;
  }
  if (CLIENT_STATUS.has(status)) {
    const error = await rpcError(upstream);
    return { status, ...error, ...(status === 429 && { headers: RETRY_AFTER }) };
  }
  discard(upstream);
  logger.warn({ service, status }, 'remote server did not answer as a server of MCP');
  metrics.upstreamFailed(reasonOf(status));
  return refused(status, service);
}

function reasonOf(status: number): FailureReason {
  if (WANTS_CREDENTIALS.has(status)) return 'credentials';
  if (status === 504) return 'late';
  return status >= 300 && status < 400 ? 'redirect' : 'error';
}

function refused(status: number, service: string): Refusal {
  const says = (message: string): Refusal => ({ status: 502, code: ErrorCode.server, message });
  if (WANTS_CREDENTIALS.has(status))
    return says(
      `The server of '${service}' does not take the gateway's credentials (${status}). Its operator must renew them.`,
    );
  if (status >= 300 && status < 400)
    return says(
      `The server of '${service}' redirects elsewhere (${status}), which is not followed. Its operator must correct the address.`,
    );
  const { headers } = { headers: RETRY_AFTER };
  if (status === 503)
    return { ...says(`The server of '${service}' is not available (503).`), status, headers };
  if (status === 504) return { ...says(`The server of '${service}' takes too long (504).`), status };
  return says(`The server of '${service}' failed (${status}).`);
}

/** What a server of MCP says is wrong, without anything beside it. */
async function rpcError(
  upstream: UpstreamResponse,
): Promise<{ code: number; message: string; data?: unknown }> {
  const fallback = {
    code: ErrorCode.server,
    message: `The server refused the request (${upstream.statusCode}).`,
  };
  if (contentOf(upstream) !== 'json' || isEncoded(upstream)) {
    discard(upstream);
    return fallback;
  }
  try {
    const value: unknown = JSON.parse((await readBounded(upstream.body, MAX_ERROR_BYTES)).toString('utf8'));
    const error = isObject(value) ? value['error'] : undefined;
    if (!isObject(error) || !Number.isSafeInteger(error['code']) || typeof error['message'] !== 'string')
      return fallback;
    const { code, message, data } = error as { code: number; message: string; data?: unknown };
    return { code, message, ...(data === undefined ? {} : { data }) };
  } catch {
    return fallback;
  }
}

/** Frees the connection; what is left of a short body is read, a long one cut. */
export function discard({ body }: UpstreamResponse): void {
  void body.dump({ limit: MAX_ERROR_BYTES }).catch(() => undefined);
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
