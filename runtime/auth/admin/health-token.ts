/**
 * Access tokens for `mcpgw health`, which calls each service as a client would. They are ordinary access tokens of an
 * ordinary grant, so that the checks see what clients see; what is special is how little they can do. Each is for one
 * service and lives for a minute; the grant has no code and no refresh token, its client cannot authenticate and has no
 * redirect URI and no grant type, so nothing else can come of either; and both end when the run says so.
 */
import { randomToken } from '../../config/secrets.ts';
import type { ClientRecord, GrantRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { sha256 } from '../hashing.ts';
import { serviceScope } from '../scopes.ts';
import { signAccessToken } from '../tokens/tokens.ts';
import { HEALTH_USER_ID } from '../../config/health-user.ts';
import { healthClientId } from './health-caller.ts';

/** How long they live when nobody ends them, in seconds. */
export const HEALTH_TOKEN_SECONDS = 60;

const HEALTH_USER = {
  id: HEALTH_USER_ID,
  issuer: 'internal',
  subject: 'health',
  name: 'mcpgw health',
  groups: [],
};

export interface HealthTokens {
  /** Ends them all (`endHealthTokens`). No secret. */
  id: string;
  expiresInSeconds: number;
  /** An access token for each service. */
  tokens: Record<string, string>;
}

/**
 * @param services names of enabled services
 * @throws InvalidTargetError for an unknown service; StoreUnavailableError
 */
export async function issueHealthTokens(context: AuthContext, services: string[]): Promise<HealthTokens> {
  const { store, keys, issuer, resources, audit, now } = context;
  const nowMs = now();
  const grant = healthGrant(
    services.map(serviceScope),
    services.map((service) => resources.url(service)),
    nowMs,
  );
  await store.putClient(healthClient(grant));
  await store.putGrant(grant);
  keys.refresh();
  const sign = (service: string): string =>
    signAccessToken(
      {
        issuer,
        user: grant.user,
        clientId: grant.clientId,
        grantId: grant.id,
        scopes: [serviceScope(service)],
        resources: [resources.url(service)],
        nowMs,
        lifetimeSeconds: HEALTH_TOKEN_SECONDS,
      },
      keys.signing(),
    );
  const tokens = Object.fromEntries(services.map((service) => [service, sign(service)]));
  audit('health_tokens_issued', { ...who(grant), resources: grant.resources });
  return { id: grant.id, expiresInSeconds: HEALTH_TOKEN_SECONDS, tokens };
}

/**
 * @returns false when there are no such tokens (any more)
 * @throws StoreUnavailableError
 */
export async function endHealthTokens({ store, audit }: AuthContext, id: string): Promise<boolean> {
  const grant = await store.getGrant(id);
  // Whoever may end these may not end a person's.
  if (grant === undefined || grant.revoked || grant.clientId !== healthClientId(id)) return false;
  await store.revokeGrant(id);
  await store.deleteClient(grant.clientId);
  audit('health_tokens_ended', who(grant));
  return true;
}

function who({ id, clientId, user }: GrantRecord) {
  return { client: clientId, user: user.id, userName: user.name, grant: id };
}

function healthGrant(scopes: string[], resources: string[], nowMs: number): GrantRecord {
  const id = randomToken(16);
  return {
    id,
    clientId: healthClientId(id),
    user: HEALTH_USER,
    redirectUri: '',
    redirectUriGiven: true,
    codeChallenge: '',
    scopes,
    resources,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + HEALTH_TOKEN_SECONDS * 1000,
    // Of a code that nobody has, used already.
    codeHash: sha256(randomToken()),
    codeExpiresAtMs: nowMs,
    codeUsed: true,
    salt: randomToken(),
    generation: 0,
    revoked: false,
  };
}

/** Confidential without a secret: it cannot authenticate anywhere. */
function healthClient({ clientId, scopes, createdAtMs, expiresAtMs }: GrantRecord): ClientRecord {
  return {
    id: clientId,
    metadata: {
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: [],
      response_types: [],
      scope: scopes.join(' '),
      client_name: HEALTH_USER.name,
    },
    registrationTokenHash: sha256(randomToken()),
    issuedAtMs: createdAtMs,
    expiresAtMs,
  };
}
