import type { KeyObject } from 'node:crypto';
import { CONTEXT_HEADER, CONTEXT_TTL_SECONDS, signContext, type ToolRules } from '../../config/context.ts';
import { secretKey } from '../secret-key.ts';
import type { AccessTokenClaims } from '../tokens/tokens.ts';
import type { VerifyPassed } from './verify.ts';

/** The claims that are asked for again: thousands of tokens are kept, and the collector goes through all of it. */
export type KeptClaims = Pick<AccessTokenClaims, 'sub' | 'name' | 'groups' | 'client_id' | 'gid' | 'scope'>;

/** A token whose signature, claims and standing held. Times in milliseconds since the epoch. */
export interface VerifiedToken {
  readonly claims: KeptClaims;
  /** The key that signed it. */
  readonly kid: string;
  readonly expiresAtMs: number;
  /** When its standing was last read. */
  standingAtMs: number;
  /** Until when it passes without reading it again. */
  freshUntilMs: number;
  /** The version of the policy under which it was last judged. */
  policyVersion: number;
  /** What the policy says of the service's tools. */
  tools?: ToolRules | undefined;
  /** How many notices there were of it. */
  notices: number;
  /** A reading under way, which everybody who needs one waits for. */
  checking?: Promise<void> | undefined;
  /** The answer, with a context signed at `signedAtMs`; kept from the second use on, because many tokens have no other. */
  passed?: VerifyPassed | undefined;
  signedAtMs?: number | undefined;
}

/** A signed context is made anew when it is older, in milliseconds: well before it ends, and seldom. */
const RESIGN_AFTER_MS = (CONTEXT_TTL_SECONDS * 1000) / 2;

/** Gives the 200 of one service. */
export interface Pass {
  /** For a token that was never seen: nothing is kept. */
  first(token: VerifiedToken, nowMs: number): VerifyPassed;
  /** Signs a context where there is none or an old one. */
  again(token: VerifiedToken, nowMs: number): VerifyPassed;
}

export function createPass(rootSecret: string, service: string): Pass {
  const key = secretKey(rootSecret, `context:${service}`);
  const first: Pass['first'] = (token, nowMs) => ({
    status: 200,
    headers: identityHeaders(token, service, key, nowMs),
  });
  return {
    first,
    again: (token, nowMs) => {
      const { passed, signedAtMs = 0 } = token;
      if (passed !== undefined && nowMs - signedAtMs < RESIGN_AFTER_MS) return passed;
      token.signedAtMs = nowMs;
      return (token.passed = first(token, nowMs));
    },
  };
}

function identityHeaders(
  { claims, tools }: VerifiedToken,
  service: string,
  key: KeyObject,
  nowMs: number,
): Record<string, string> {
  const iat = Math.floor(nowMs / 1000);
  const context = {
    sub: claims.sub,
    name: claims.name,
    groups: claims.groups ?? [],
    clientId: claims.client_id,
    scope: claims.scope,
    aud: service,
    ...(tools === undefined ? {} : { tools }),
    iat,
    exp: iat + CONTEXT_TTL_SECONDS,
  };
  return {
    'x-user-id': headerValue(claims.sub),
    'x-user-name': headerValue(claims.name),
    'x-client-id': headerValue(claims.client_id),
    [CONTEXT_HEADER]: signContext(context, key),
  };
}

/** What most ids and names are made of. */
const PLAIN = /^[\w.:@/+-]*$/;

/** RFC 9110 §5.5 wants visible ASCII in a header, so anything else is percent-encoded; the signed context has it as it is. */
function headerValue(value: string): string {
  if (PLAIN.test(value)) return value;
  return value.replace(/[^\x20-\x7e]|%|^ | $/gu, percentEncode);
}

/** Like `encodeURIComponent`, but takes a lone surrogate too. */
function percentEncode(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
