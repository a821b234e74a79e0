/** From the configuration to what the authorization server is told. */
import type { AuthSettings, IdentityProviderSettings, OidcSettings } from '../auth/settings.ts';
import type { Service } from '../config/catalog.ts';
import type { ConfigValues } from '../config/schema.ts';
import type { Topology } from '../config/topology.ts';

/** The keys that have no meaning for auth: it knows its place from the topology, and its secret is given apart. */
export type AuthValues = Omit<ConfigValues, 'BASE_DOMAIN' | 'GATEWAY_JWT_SECRET'>;

/** @param rootSecret `GATEWAY_JWT_SECRET` */
export function authSettings(
  values: AuthValues,
  topology: Topology,
  services: Service[],
  rootSecret: string,
): AuthSettings {
  const { JWT_PRIVATE_KEY_B64: key, SERVICE_DOCUMENTATION, OP_POLICY_URI, OP_TOS_URI } = values;
  return {
    topology,
    services: services.map(({ name, title, description }) => ({ name, title, description })),
    rootSecret,
    ...(key === undefined ? {} : { seedPrivateKeyPem: Buffer.from(key, 'base64').toString('utf8') }),
    accessTokenLifetimeSeconds: values.ACCESS_TOKEN_LIFETIME,
    keyRotationDays: values.KEY_ROTATION_DAYS,
    refreshTokenLifetimeSeconds: values.REFRESH_TOKEN_LIFETIME,
    clientLifetimeSeconds: values.CLIENT_LIFETIME,
    sessionTimeoutSeconds: values.SESSION_TIMEOUT,
    clientCredentials: values.CLIENT_CREDENTIALS,
    refreshGraceSeconds: values.REFRESH_GRACE,
    corsOrigins: values.MCP_CORS_ORIGINS,
    ...(values.REGISTRATION_TOKEN !== undefined && { registrationToken: values.REGISTRATION_TOKEN }),
    clientDocumentDomains: values.CLIENT_DOCUMENT_DOMAINS,
    privateUseRedirects: values.PRIVATE_USE_REDIRECTS,
    identityProviders: identityProviders(values),
    rateLimitFactor: values.RATE_LIMIT_FACTOR,
    trustedProxies: values.TRUSTED_PROXIES,
    documents: {
      ...(SERVICE_DOCUMENTATION === undefined ? {} : { serviceDocumentation: SERVICE_DOCUMENTATION }),
      ...(OP_POLICY_URI === undefined ? {} : { policyUri: OP_POLICY_URI }),
      ...(OP_TOS_URI === undefined ? {} : { tosUri: OP_TOS_URI }),
    },
  };
}

/** Those that the configuration names, with whom they let in. */
export function identityProviders(values: AuthValues): IdentityProviderSettings[] {
  return values.IDENTITY_PROVIDER.map((kind) => identityProvider(kind, values));
}

function identityProvider(
  kind: AuthValues['IDENTITY_PROVIDER'][number],
  values: AuthValues,
): IdentityProviderSettings {
  // What a provider cannot do without, the rules of the configuration have seen to.
  switch (kind) {
    case 'github':
      return {
        kind,
        clientId: values.GITHUB_CLIENT_ID ?? '',
        clientSecret: values.GITHUB_CLIENT_SECRET ?? '',
        baseUrl: values.GITHUB_BASE_URL,
        allowedUsers: values.ALLOWED_GITHUB_USERS,
        allowedOrgs: values.ALLOWED_GITHUB_ORGS,
        allowedTeams: values.ALLOWED_GITHUB_TEAMS,
      };
    case 'oidc':
      return oidc(values);
    case 'passphrase':
      return { kind, hash: values.PASSPHRASE_HASH ?? '', ownerName: values.OWNER_NAME };
    case 'local':
      return { kind, userName: values.LOCAL_USER };
  }
}

function oidc(values: AuthValues): OidcSettings {
  const { OIDC_GROUPS_CLAIM: groupsClaim } = values;
  return {
    kind: 'oidc',
    issuer: values.OIDC_ISSUER ?? '',
    clientId: values.OIDC_CLIENT_ID ?? '',
    clientSecret: values.OIDC_CLIENT_SECRET ?? '',
    title: values.OIDC_TITLE,
    scopes: values.OIDC_SCOPES,
    ...(groupsClaim === undefined ? {} : { groupsClaim }),
    allowedEmails: values.OIDC_ALLOWED_EMAILS,
    allowedDomains: values.OIDC_ALLOWED_DOMAINS,
    allowedGroups: values.OIDC_ALLOWED_GROUPS,
  };
}
