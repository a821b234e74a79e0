/**
 * What a person agreed to is remembered, per client and redirect URI, so that a signed-in person is not asked the same
 * again. RFC 6749 §10.2: the authorization server "SHOULD NOT process repeated authorization requests automatically
 * (without active resource owner interaction) without authenticating the client or relying on other measures to ensure
 * that the repeated request comes from the original client and not an impersonator."
 *
 * Those measures: the answer to a client on the web goes to its own https address, which is registered and compared
 * exactly, and its code is good only with the verifier of who asked (PKCE). So a page that opens such a request in the
 * person's browser makes the client's own site get a code that nobody can use. A client that keeps a secret or key is
 * authenticated at `/token`. A public client on loopback or behind a private-use scheme is neither: any program can
 * listen there (RFC 8252 §8.6), so a person is always asked. So they are where the answer is our own page with the code
 * on it, which a person could be talked into passing on.
 */
import { issuer } from '../../config/topology.ts';
import type { ClientRecord, ConsentRecord, TransactionRecord, User } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { isWebRedirect } from '../clients/redirect-uri.ts';
import { sha256 } from '../hashing.ts';
import { covers, serviceOfScope } from '../scopes.ts';

/** How long an answer counts, in milliseconds. */
const LIFETIME_MS = 90 * 86_400_000;

type Asked = Pick<TransactionRecord, 'redirectUri' | 'resources' | 'scopes'>;

/** @returns whether the person agreed to all of it before, to this client at this redirect URI */
export async function hasAgreed(
  context: AuthContext,
  client: ClientRecord,
  user: User,
  asked: Asked,
): Promise<boolean> {
  if (asked.resources.length === 0 || !mayRemember(context, client, asked.redirectUri)) return false;
  const consent = await context.store.getRecord('consent', idOf(user.id, client.id, asked.redirectUri));
  if (consent === undefined || !(await isGood(context, consent))) return false;
  return (
    asked.resources.every((url) => consent.resources.includes(url)) &&
    asked.scopes.every((scope) => isAgreed(scope, consent.scopes))
  );
}

/** Keeps what the person has just agreed to, with what they agreed to before. */
export async function rememberConsent(
  context: AuthContext,
  client: ClientRecord,
  user: User,
  { redirectUri, resources, scopes }: Asked,
): Promise<void> {
  if (!mayRemember(context, client, redirectUri)) return;
  const { store, now } = context;
  const id = idOf(user.id, client.id, redirectUri);
  const earlier = await store.getRecord('consent', id);
  const kept = earlier !== undefined && (await isGood(context, earlier)) ? earlier : undefined;
  await store.putRecord('consent', id, {
    userId: user.id,
    clientId: client.id,
    redirectUri,
    resources: [...new Set([...(kept?.resources ?? []), ...resources])],
    scopes: [...new Set([...(kept?.scopes ?? []), ...scopes])],
    agreedAtMs: now(),
    expiresAtMs: now() + LIFETIME_MS,
  });
}

/** A person who denies is asked again the next time. */
export async function forgetConsent(
  { store }: AuthContext,
  client: ClientRecord,
  user: User,
  redirectUri: string,
): Promise<void> {
  await store.takeRecord('consent', idOf(user.id, client.id, redirectUri));
}

function mayRemember({ settings }: AuthContext, client: ClientRecord, redirectUri: string): boolean {
  // A device asks by a code that anybody could have sent.
  if (redirectUri === '') return false;
  // By the parsed origin: a client may have registered our host in another spelling.
  if (new URL(redirectUri).origin === new URL(issuer(settings.topology)).origin) return false;
  return client.metadata.token_endpoint_auth_method !== 'none' || isWebRedirect(redirectUri);
}

/** Revoking a user, or a client that is known by a URL, takes back what was agreed to. */
async function isGood(
  { store }: AuthContext,
  { userId, clientId, agreedAtMs }: ConsentRecord,
): Promise<boolean> {
  const revocations = await Promise.all([store.userRevokedAt(userId), store.clientRevokedAt(clientId)]);
  return revocations.every((revokedAtMs) => revokedAtMs === undefined || revokedAtMs < agreedAtMs);
}

function isAgreed(scope: string, agreed: readonly string[]): boolean {
  const service = serviceOfScope(scope);
  return agreed.includes(scope) || (service !== undefined && covers(agreed, service));
}

function idOf(userId: string, clientId: string, redirectUri: string): string {
  return sha256(JSON.stringify([userId, clientId, redirectUri]));
}
