/**
 * `X-Mcpgw-Context`: what the authorization server tells a service about its caller, as a compact JWS (RFC 7515) with
 * HS256 under a key that only auth and this one service have (`deriveKey(root, 'context:<service>')`). A service trusts
 * this header alone for a decision; `X-User-Id` and its siblings are for people and logs.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

export const CONTEXT_HEADER = 'x-mcpgw-context';

/** Every header that says who the caller is. The edge removes them all from what comes from outside. */
export const IDENTITY_HEADERS = ['x-user-id', 'x-user-name', 'x-client-id', CONTEXT_HEADER] as const;

/** How long a signed context is good for, in seconds: longer than one hop takes, shorter than a leak is useful. */
export const CONTEXT_TTL_SECONDS = 60;

/** Which tools of one service exist for the caller; each entry is a name or a pattern in which `*` stands for anything. */
export interface ToolRules {
  /** When present, only these tools exist for the caller; beside `reserved`, those too that it does not name. */
  allow?: string[];
  /** Of these tools only those exist for the caller that `allow` names. */
  reserved?: string[];
  /** These tools do not exist for the caller, whatever `allow` says. */
  deny?: string[];
}

export interface CallerContext {
  /** Stable user id, `<provider>:<subject>`. Never a login, which may change hands. */
  sub: string;
  /** The login, to show to people. */
  name: string;
  groups: string[];
  clientId: string;
  /** Space-separated scopes of the token. */
  scope: string;
  /** The service that this context was made for. */
  aud: string;
  tools?: ToolRules;
  /** Seconds since the epoch. */
  iat: number;
  /** Seconds since the epoch. */
  exp: number;
}

const HEADER = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'mcpgw-context+jwt' })).toString('base64url');

/**
 * Signs `context` as a compact JWS.
 * @param key as bytes, or as a `KeyObject`, with which an HMAC takes a fifth of the time
 */
export function signContext(context: CallerContext, key: Uint8Array | KeyObject): string {
  const input = `${HEADER}.${Buffer.from(JSON.stringify(context)).toString('base64url')}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/**
 * @param value the header's value
 * @param service the service that asks; a context made for another one is refused
 * @param nowSeconds seconds since the epoch
 * @returns the context, or undefined when the signature, the service or the time does not hold
 */
export function verifyContext(
  value: string | undefined,
  key: Uint8Array | KeyObject,
  service: string,
  nowSeconds: number,
): CallerContext | undefined {
  if (value === undefined) return undefined;
  const [header, payload, signature, ...rest] = value.split('.');
  if (header !== HEADER || payload === undefined || signature === undefined || rest.length > 0)
    return undefined;
  const expected = createHmac('sha256', key).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const context = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as CallerContext;
  if (context.aud !== service || context.exp <= nowSeconds) return undefined;
  return context;
}
