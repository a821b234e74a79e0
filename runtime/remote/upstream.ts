/** Requests to a remote server: the operator's headers, no redirects, and no way to a cloud's metadata service. */
import { Agent, request, type Dispatcher } from 'undici';
import { isOperatorAddress } from '../config/metadata-address.ts';
import { guardedConnector } from '../net/guarded-connect.ts';
import type { RemoteLimits } from './limits.ts';

export interface UpstreamTarget {
  url: string;
  /** Sent with each request; values are the operator's secrets. */
  headers: Record<string, string>;
}

export interface UpstreamRequest {
  method: 'POST' | 'GET' | 'DELETE';
  /** Those of the protocol. */
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
}

export type UpstreamResponse = Dispatcher.ResponseData;

export interface Upstream {
  /** @throws UpstreamError */
  send(request: UpstreamRequest): Promise<UpstreamResponse>;
  close(): Promise<void>;
}

/** No answer came. */
export class UpstreamError extends Error {
  override name = 'UpstreamError';
  /** 504 for a server that is too slow, else 502. */
  readonly status: 502 | 504;

  /** @param reason a code, for a log */
  constructor(status: 502 | 504, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** @param ca PEM of a further authority, for tests */
export function createUpstream(target: UpstreamTarget, limits: RemoteLimits, ca?: string): Upstream {
  const guard = { isAllowed: isOperatorAddress, ...(ca !== undefined && { ca }) };
  const agent = new Agent({
    connect: guardedConnector(guard, limits.connectTimeoutMs),
    headersTimeout: limits.answerTimeoutMs,
    // A stream may be silent for as long as it likes; TCP finds out when nobody is there any more.
    bodyTimeout: 0,
  });
  // One name, however the operator writes it, is one header.
  const own = Object.fromEntries(
    Object.entries(target.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    send: async ({ method, headers, body, signal }) => {
      try {
        return await request(target.url, {
          dispatcher: agent,
          method,
          headers: { 'user-agent': 'mcpgw', 'accept-encoding': 'identity', ...headers, ...own },
          ...(body === undefined ? {} : { body }),
          signal,
        });
      } catch (error) {
        throw explain(error);
      }
    },
    close: () => agent.destroy(),
  };
}

function explain(error: unknown): UpstreamError {
  const { name, code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const late = /TIMEOUT|ETIMEDOUT/.test(code ?? '');
  const reason =
    name === 'NotPublicError' ? 'the address is where clouds hand out credentials, or no host' : code;
  return new UpstreamError(late ? 504 : 502, reason ?? name ?? message ?? 'unknown');
}
