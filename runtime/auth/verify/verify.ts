/**
 * `/verify/<service>`: whether a request may pass to a service. RFC 6750 §2.1 and §3, RFC 9068 §4, RFC 8707 (security
 * invariants 5, 9, 11 and 13). Which service it is for comes from the route that the edge took, never from the request.
 *
 * This is asked for every call, so a token is checked once and then known: a known one is answered synchronously, from
 * headers made before. The store tells of what ends, and a standing is read again once a second all the same, which is how
 * fast a revocation reaches it at the latest. With the store down, a standing is trusted for 5 s; then the answer is 503.
 */
import type { AuthContext } from '../auth-context.ts';
import { bearerChallenge } from './challenge.ts';
import {
  InsufficientScopeError,
  InvalidTokenError,
  logError,
  toOAuthError,
  type ErrorBody,
  type OAuthError,
} from '../errors.ts';
import { heedNotices } from './notices.ts';
import { createTokenCache, type TokenCache } from './token-cache.ts';
import { createPass, type KeptClaims, type VerifiedToken } from './verified-token.ts';
import { covers } from '../scopes.ts';
import { deny, judge } from './judge.ts';
import {
  hasValidSignature,
  parseAccessToken,
  type AccessTokenClaims,
  type ParsedToken,
} from '../tokens/tokens.ts';

/** How long a standing counts before it is read again, in milliseconds. */
const STANDING_FRESH_MS = 1_000;

/** How long it counts when the store is down (security invariant 13), in milliseconds. */
const STANDING_TRUSTED_MS = 5_000;

/** Bound of the cache, in bytes: some thousands of tokens. */
const CACHE_BYTES = 32 * 1024 * 1024;

/** RFC 6750 §2.1: `credentials = "Bearer" 1*SP b64token`; what comes after must be a token of ours. */
const BEARER = /^Bearer +/i;

export interface VerifyRequest {
  /** From the route. */
  service: string;
  /** The request's `Authorization` header. */
  authorization?: string | undefined;
}

export interface VerifyPassed {
  status: 200;
  /** `x-user-id`, `x-user-name`, `x-client-id`, `x-mcpgw-context`. Shared between answers: not to be changed. */
  headers: Readonly<Record<string, string>>;
}

export interface VerifyRefused {
  /** 404: there is no such service. */
  status: 401 | 403 | 404 | 503;
  headers: Readonly<Record<string, string>>;
  body: ErrorBody;
}

export type VerifyResult = VerifyPassed | VerifyRefused;

export type Verify = (request: VerifyRequest) => VerifyResult | Promise<VerifyResult>;

export interface Verifier {
  /** The decision; synchronous for known tokens, and never rejecting. */
  verify: Verify;
  /** Stops listening to the store. */
  close: () => void;
}

export function createVerify(context: AuthContext): Verifier {
  const { services } = context.settings.topology;
  const caches = services.map(() => createTokenCache<VerifiedToken>(CACHE_BYTES / services.length));
  const verifiers = new Map(
    services.map((name, index) => [
      name,
      createVerifier(context, name, caches[index] as TokenCache<VerifiedToken>),
    ]),
  );
  const perService = (value: (cache: TokenCache<VerifiedToken>) => number) =>
    services.map((service, index): [{ service: string }, number] => [
      { service },
      value(caches[index] as TokenCache<VerifiedToken>),
    ]);
  const { metrics } = context;
  metrics.read('mcpgw_auth_token_cache_entries', 'Verified tokens that are remembered.', 'gauge', () =>
    perService(({ size }) => size),
  );
  metrics.read('mcpgw_auth_token_cache_bytes', 'What they take, about.', 'gauge', () =>
    perService(({ bytes }) => bytes),
  );
  return {
    verify: ({ service, authorization }) => verifiers.get(service)?.(authorization) ?? unknownService(),
    close: heedNotices(context.store, function* () {
      for (const cache of caches) yield* cache.values();
    }),
  };
}

function unknownService(): VerifyRefused {
  return {
    status: 404,
    headers: {},
    body: { error: 'not_found', error_description: 'There is no such service.' },
  };
}

/** One service's part: its own cache, so that what is known for one service says nothing for another (invariant 5). */
function createVerifier(context: AuthContext, service: string, cache: TokenCache<VerifiedToken>) {
  const { settings, resources, policy, now } = context;
  const { topology } = settings;
  const resource = resources.url(service);
  const pass = createPass(settings.rootSecret, service);
  const noToken = refusal(
    new InvalidTokenError('This server needs a token; sign in first.'),
    bearerChallenge(topology, service),
  );

  const refuse = (error: OAuthError): VerifyRefused => {
    // What the policy denies, no other token and no wider scope would open.
    const challenged = error.status === 401 || error instanceof InsufficientScopeError;
    return refusal(error, challenged ? bearerChallenge(topology, service, error) : undefined);
  };

  const verifyKnown = async (authorization: string, token: VerifiedToken): Promise<VerifyResult> => {
    try {
      await (token.checking ??= checkStanding(context, token).finally(() => (token.checking = undefined)));
      return pass.again(token, now());
    } catch (thrown) {
      const error = toOAuthError(thrown);
      if (error.status !== 503) cache.delete(authorization);
      return refuse(error);
    }
  };

  const verifyNew = async (authorization: string): Promise<VerifyResult> => {
    try {
      const parsed = parseAuthorization(authorization);
      const key = context.keys.known(parsed.kid) ?? (await context.keys.find(parsed.kid));
      if (key === undefined || !hasValidSignature(parsed, key)) throw notOurs();
      const token = admit(context, parsed, service, resource);
      await checkStanding(context, token);
      assertCovered(context, token, service);
      cache.set(authorization, token);
      return pass.first(token, now());
    } catch (thrown) {
      const error = toOAuthError(thrown);
      logError(context.logger, error, '/verify');
      return refuse(error);
    }
  };

  const judgeAgain = (authorization: string, token: VerifiedToken): VerifyRefused | undefined => {
    const error = judge(context, token, service);
    if (error === undefined) return undefined;
    cache.delete(authorization);
    return refuse(error);
  };

  return (authorization: string | undefined): VerifyResult | Promise<VerifyResult> => {
    if (authorization === undefined) return noToken;
    const known = cache.get(authorization);
    if (known === undefined) return verifyNew(authorization);
    if (known.policyVersion !== policy.version) {
      const refused = judgeAgain(authorization, known);
      if (refused !== undefined) return refused;
    }
    const nowMs = now();
    if (nowMs < known.freshUntilMs && nowMs < known.expiresAtMs) return pass.again(known, nowMs);
    return verifyKnown(authorization, known);
  };
}

function refusal(error: OAuthError, challenge: string | undefined): VerifyRefused {
  const status = error.status === 401 || error.status === 403 ? error.status : 503;
  return {
    status,
    headers: {
      ...error.headers,
      ...(challenge !== undefined && { 'www-authenticate': challenge }),
      'cache-control': 'no-store',
    },
    body: error.body(),
  };
}

function notOurs(): InvalidTokenError {
  return new InvalidTokenError('The token is not one of ours.');
}

function parseAuthorization(authorization: string): ParsedToken {
  const scheme = BEARER.exec(authorization)?.[0];
  const parsed = scheme === undefined ? undefined : parseAccessToken(authorization.slice(scheme.length));
  if (parsed === undefined) throw notOurs();
  return parsed;
}

/**
 * Checks the claims of a token whose signature held.
 *
 * @throws InvalidTokenError
 */
function admit(context: AuthContext, parsed: ParsedToken, service: string, resource: string): VerifiedToken {
  const { issuer } = context;
  const { claims } = parsed;
  if (claims.iss !== issuer) throw new InvalidTokenError('The token is from another issuer.');
  // RFC 9068 §4: "The resource server MUST validate that the 'aud' claim contains a resource indicator value
  // corresponding to an identifier the resource server expects for itself."
  const audience = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
  if (!audience.includes(resource)) {
    throw deny(context, claims, service, new InvalidTokenError('The token is for another resource.'));
  }
  // All members at once: one that is added later costs an object of its own.
  const token: VerifiedToken = {
    claims: keep(claims),
    kid: parsed.kid,
    expiresAtMs: claims.exp * 1000,
    standingAtMs: -Infinity,
    freshUntilMs: 0,
    notices: 0,
    policyVersion: 0,
    tools: undefined,
    checking: undefined,
    passed: undefined,
    signedAtMs: undefined,
  };
  const refused = judge(context, token, service);
  if (refused !== undefined) throw refused;
  return token;
}

function keep({ sub, name, groups, client_id, gid, scope }: AccessTokenClaims): KeptClaims {
  return groups === undefined
    ? { sub, name, client_id, gid, scope }
    : { sub, name, groups, client_id, gid, scope };
}

/** @throws InsufficientScopeError */
function assertCovered(context: AuthContext, { claims }: VerifiedToken, service: string): void {
  if (covers(claims.scope.split(' '), service)) return;
  throw deny(context, claims, service, new InsufficientScopeError('The token does not cover this service.'));
}

/**
 * Reads the standing again, and moves `freshUntilMs`.
 *
 * @throws InvalidTokenError when the token has ended; StoreUnavailableError when the last good reading is too long ago
 */
async function checkStanding({ store, keys, now, audit }: AuthContext, token: VerifiedToken): Promise<void> {
  const { claims, notices } = token;
  // What is read may be older than the answer, so its age counts from before the question.
  const askedAtMs = now();
  if (token.expiresAtMs <= askedAtMs) throw new InvalidTokenError('The token has expired.');
  // A key that was taken out of the set takes its tokens with it.
  keys.refresh();
  if (keys.known(token.kid) === undefined) throw notOurs();
  try {
    const { grantAlive, clientAlive, userAlive } = await store.standing(
      claims.gid,
      claims.client_id,
      claims.sub,
    );
    if (!grantAlive || !clientAlive || !userAlive) {
      audit('access_denied', {
        user: claims.sub,
        client: claims.client_id,
        grant: claims.gid,
        reason: 'revoked',
      });
      throw new InvalidTokenError('The token was revoked.');
    }
    token.standingAtMs = askedAtMs;
    // A notice that came meanwhile may be of something that this reading did not see yet.
    token.freshUntilMs = token.notices === notices ? askedAtMs + STANDING_FRESH_MS : 0;
  } catch (error) {
    if (error instanceof InvalidTokenError) throw error;
    const trustedUntilMs = token.standingAtMs + STANDING_TRUSTED_MS;
    if (now() >= trustedUntilMs) throw error;
    token.freshUntilMs = Math.min(now() + STANDING_FRESH_MS, trustedUntilMs);
  }
}
