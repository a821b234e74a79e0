/** The end of every authorization request that the person agreed to: the grant, and the code to the client. */
import type { FastifyReply } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import type { ClientRecord, GrantRecord, TransactionRecord, User } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { keepRegistration } from '../clients/registration-end.ts';
import { approveDevice } from '../device/answer.ts';
import { sha256 } from '../hashing.ts';
import { usableServices } from '../policy.ts';
import { sendOnward } from '../send-page.ts';
import { codeResponse } from './authorization-response.ts';
import { refuseServices } from './refusals.ts';

/** RFC 6749 §4.1.2: "The authorization code MUST expire shortly after it is issued"; security invariant 2 says 60 s. */
const CODE_LIFETIME_MS = 60_000;

/** What of a transaction goes into a grant. */
export type Agreed = Pick<
  TransactionRecord,
  | 'redirectUri'
  | 'redirectUriGiven'
  | 'state'
  | 'codeChallenge'
  | 'scopes'
  | 'resources'
  | 'consentHash'
  | 'deviceId'
>;

/** @throws InvalidClientError when the registration ended meanwhile; StoreUnavailableError */
export async function issueCode(
  context: AuthContext,
  reply: FastifyReply,
  client: ClientRecord,
  user: User,
  agreed: Agreed,
): Promise<FastifyReply> {
  const who = { client: client.id, user: user.id, userName: user.name };
  if (usableServices(context, user, client.id, agreed.resources).length === 0) {
    context.audit('sign_in_refused', { ...who, reason: 'may use none of the services' });
    return refuseServices(context, reply, agreed, user);
  }
  if (agreed.deviceId !== undefined)
    return approveDevice(context, reply, client, user, agreed.deviceId, agreed);
  await keepRegistration(context.store, client);
  const { grant, code } = createGrant(client.id, user, agreed, context.now());
  await context.store.putGrant(grant);
  // A consent is for one sign-in: from now on its page leads to no other. It may have ended by itself meanwhile.
  if (agreed.consentHash !== undefined) await context.store.takeRecord('transaction', agreed.consentHash);
  context.audit('code_issued', { ...who, grant: grant.id });
  return sendOnward(context, reply, 'You are signed in', codeResponse(context.issuer, agreed, code));
}

/** A code names its grant, so that it is found without an index; only its hash is kept. */
function createGrant(
  clientId: string,
  user: User,
  { redirectUri, redirectUriGiven, codeChallenge, scopes, resources }: Agreed,
  nowMs: number,
): { grant: GrantRecord; code: string } {
  const id = randomToken(16);
  const code = `${id}.${randomToken()}`;
  const codeExpiresAtMs = nowMs + CODE_LIFETIME_MS;
  const grant: GrantRecord = {
    id,
    clientId,
    user,
    redirectUri,
    redirectUriGiven,
    codeChallenge,
    scopes,
    resources,
    createdAtMs: nowMs,
    expiresAtMs: codeExpiresAtMs,
    codeHash: sha256(code),
    codeExpiresAtMs,
    codeUsed: false,
    salt: randomToken(16),
    generation: 0,
    revoked: false,
  };
  return { grant, code };
}
