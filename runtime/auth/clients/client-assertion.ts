/**
 * Client authentication by a signed assertion, `private_key_jwt`: RFC 7521 §4.2 and RFC 7523 §2.2 and §3. The assertion is
 * a JWT that the client signs about itself for us, and that counts once.
 */
import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidClientError, TemporarilyUnavailableError } from '../errors.ts';
import { sha256 } from '../hashing.ts';
import { ASSERTION_ALGORITHMS } from './auth-methods.ts';
import { clientKeys } from './client-keys.ts';
import { DocumentError } from './documents.ts';

/** RFC 7523 §2.2, the value of `client_assertion_type`. */
export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** How far the client's clock may be off, in seconds. */
const SKEW_SECONDS = 60;

/** RFC 7523 §3: the server "may reject JWTs with an 'exp' claim value that is unreasonably far in the future". */
const MAX_LIFETIME_SECONDS = 3600;

const MAX_JTI_LENGTH = 256;

const REFUSED = 'The client assertion is not valid';

/** @returns whom the assertion says it is of, which `verifyAssertion` has yet to prove */
export function subjectOfAssertion(assertion: string): string {
  try {
    const { sub } = decodeJwt(assertion);
    if (typeof sub === 'string' && sub !== '') return sub;
  } catch {
    // It is no JWT, which is said below.
  }
  throw new InvalidClientError('The client assertion is not a JWT with the client as sub.');
}

/**
 * @throws InvalidClientError, TemporarilyUnavailableError where the client's keys cannot be fetched,
 *   TooManyRequestsError, StoreUnavailableError
 */
export async function verifyAssertion(
  context: AuthContext,
  client: ClientRecord,
  assertion: string,
): Promise<void> {
  const { jti, exp } = await verifyClaims(context, client, assertion);
  // RFC 7523 §3: "The authorization server MAY ensure that JWTs are not replayed by maintaining the set of used 'jti'
  // values for the length of time for which the JWT would be considered valid".
  const expiresAtMs = (exp + SKEW_SECONDS) * 1000;
  await context.limiter.admit('assertions');
  const first = await context.store.addRecord('once', sha256(`jti ${client.id} ${jti}`), { expiresAtMs });
  if (!first)
    throw new InvalidClientError('The client assertion was used before. Sign one for each request.');
}

async function verifyClaims(
  { issuer, documents, now }: AuthContext,
  client: ClientRecord,
  assertion: string,
): Promise<{ jti: string; exp: number }> {
  try {
    const { payload } = await jwtVerify(assertion, clientKeys(documents, client.metadata), {
      algorithms: [...ASSERTION_ALGORITHMS],
      // RFC 7523 §3: "For client authentication, the subject MUST be the 'client_id' of the OAuth client"; so is `iss`.
      issuer: client.id,
      subject: client.id,
      audience: [issuer, `${issuer}/token`],
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(now()),
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'jti'],
    });
    return assertBounds(payload, [issuer, `${issuer}/token`], Math.floor(now() / 1000));
  } catch (error) {
    throw explain(error);
  }
}

function assertBounds(
  { aud, exp = Infinity, iat = 0, jti }: JWTPayload,
  audiences: readonly string[],
  nowSeconds: number,
): { jti: string; exp: number } {
  // An assertion that is for somebody else as well, that somebody else could use here.
  if (![aud].flat().every((value) => value !== undefined && audiences.includes(value)))
    throw new InvalidClientError(`${REFUSED}: aud names others than this server.`);
  if (exp > nowSeconds + MAX_LIFETIME_SECONDS + SKEW_SECONDS)
    throw new InvalidClientError(`${REFUSED}: exp must be within ${MAX_LIFETIME_SECONDS} seconds from now.`);
  if (iat > nowSeconds + SKEW_SECONDS) throw new InvalidClientError(`${REFUSED}: iat is in the future.`);
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH)
    throw new InvalidClientError(`${REFUSED}: jti must be a text of at most ${MAX_JTI_LENGTH} characters.`);
  return { jti, exp };
}

/** The library's words may quote the assertion; its codes and the names of claims do not. */
function explain(error: unknown): unknown {
  if (error instanceof DocumentError) {
    return new TemporarilyUnavailableError(
      error.message,
      'The keys of the client cannot be fetched from its jwks_uri. Try again in a minute.',
      60,
    );
  }
  if (error instanceof errors.JWTExpired) return new InvalidClientError(`${REFUSED}: it has expired.`);
  if (error instanceof errors.JWTClaimValidationFailed)
    return new InvalidClientError(`${REFUSED}: ${error.claim} is missing or wrong.`, error.code);
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return new InvalidClientError(`${REFUSED}: kid names no key of the client that serves.`, error.code);
  if (error instanceof errors.JOSEAlgNotAllowed)
    return new InvalidClientError(
      `${REFUSED}: alg must be ${ASSERTION_ALGORITHMS.join(' or ')}.`,
      error.code,
    );
  if (error instanceof errors.JOSEError) return new InvalidClientError(`${REFUSED}.`, error.code);
  // Of a key whose type is not that of `alg`, the library throws this.
  if (error instanceof TypeError) return new InvalidClientError(`${REFUSED}.`, 'key and alg do not fit');
  return error;
}
