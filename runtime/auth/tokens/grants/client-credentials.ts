/**
 * The client credentials grant, RFC 6749 §4.4: tokens for scripts, where no person is there to agree. So the operator must
 * have turned it on (`CLIENT_CREDENTIALS`) and have registered the client, with what it may use. §4.4: "The client
 * credentials grant type MUST only be used by confidential clients."
 */
import { randomToken } from '../../../config/secrets.ts';
import type { ClientRecord, GrantRecord } from '../../../store/store.ts';
import type { AuthContext } from '../../auth-context.ts';
import { UnauthorizedClientError } from '../../errors.ts';
import { covers, OFFLINE_ACCESS } from '../../scopes.ts';
import { clientUserId } from '../bearer.ts';
import type { Issued, TokenRequest } from '../token.ts';

export const grantType = 'client_credentials';

export const parameters = ['scope', 'resource'] as const;

/** All that the operator registered the client for; the endpoint narrows it to what the request names. */
export function find({ settings, resources, issuer, now }: AuthContext, client: ClientRecord): GrantRecord {
  if (client.byOperator !== true || client.metadata.token_endpoint_auth_method === 'none')
    throw new UnauthorizedClientError(
      'Only a client of the operator that authenticates may use this grant type.',
    );
  const scopes = client.metadata.scope.split(' ').filter((scope) => scope !== OFFLINE_ACCESS);
  const services = settings.topology.services.filter((service) => covers(scopes, service));
  const nowMs = now();
  return {
    id: randomToken(16),
    clientId: client.id,
    user: {
      id: clientUserId(client.id),
      issuer,
      subject: client.id,
      name: client.metadata.client_name ?? client.id,
      groups: [],
    },
    redirectUri: '',
    redirectUriGiven: false,
    codeChallenge: '',
    scopes,
    resources: services.map((service) => resources.url(service)),
    createdAtMs: nowMs,
    expiresAtMs: nowMs,
    // There is no code.
    codeHash: '',
    codeExpiresAtMs: nowMs,
    codeUsed: true,
    salt: randomToken(16),
    generation: 0,
    revoked: false,
  };
}

/** §4.4.3: "A refresh token SHOULD NOT be included." */
export async function handler({ context, grant, mint, expiresAtMs }: TokenRequest): Promise<Issued> {
  await context.store.putGrant({ ...grant, expiresAtMs });
  return { json: mint(undefined), event: 'tokens_issued' };
}
