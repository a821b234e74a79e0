/**
 * OpenID Connect Discovery 1.0 of the one issuer that the operator named: read when it is first needed, so that we start
 * without it, and again every hour. Where that fails the last answer serves for a day.
 */
import * as oauth from 'oauth4webapi';

const FRESH_MS = 3_600_000;
const USABLE_MS = 24 * 3_600_000;

/** What an ID token may be signed with: everything but `none`, and a MAC under a secret that we do not share for it. */
const SIGNING_ALGORITHMS = new Set([
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]);

/** Microsoft's endpoints for accounts of any tenant, whose documents have a place for the tenant in the issuer. */
const ANY_TENANT = /^\/(?:common|organizations)\/v2\.0\/?$/;
const TENANT_PLACE = '{tenantid}';

export interface IssuerOptions {
  [oauth.customFetch]: (url: string, options: object) => Promise<Response>;
  [oauth.allowInsecureRequests]: boolean;
  signal: () => AbortSignal;
}

/** @returns the issuer's metadata, at least with the two endpoints and the keys that a sign-in needs */
export type Discovery = () => Promise<oauth.AuthorizationServer>;

/**
 * @param issuer as the operator wrote it
 * @param now clock, milliseconds since the epoch
 */
export function createDiscovery(issuer: string, options: IssuerOptions, now: () => number): Discovery {
  let known: { server: oauth.AuthorizationServer; readAtMs: number } | undefined;
  let reading: Promise<oauth.AuthorizationServer> | undefined;
  const read = (): Promise<oauth.AuthorizationServer> =>
    (reading ??= discover(new URL(issuer), options)
      .then((server) => {
        known = { server, readAtMs: now() };
        return server;
      })
      .finally(() => (reading = undefined)));
  return async () => {
    const ageMs = known === undefined ? Infinity : Math.abs(now() - known.readAtMs);
    if (known !== undefined && ageMs < FRESH_MS) return known.server;
    if (known === undefined || ageMs >= USABLE_MS) return read();
    const { server } = known;
    return read().catch(() => server);
  };
}

async function discover(issuer: URL, options: IssuerOptions): Promise<oauth.AuthorizationServer> {
  const expected = isAnyTenant(issuer.href)
    ? new URL(issuer.href.replace(/\/(?:common|organizations)\//, `/${TENANT_PLACE}/`))
    : issuer;
  const response = await oauth.discoveryRequest(issuer, {
    ...options,
    algorithm: 'oidc',
  });
  const server = await oauth.processDiscoveryResponse(expected, response);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const) {
    if (typeof server[name] !== 'string') throw new MissingMetadataError(name);
  }
  const algorithms = server.id_token_signing_alg_values_supported ?? [];
  const usable = algorithms.filter((name) => SIGNING_ALGORITHMS.has(name));
  // OpenID Connect Discovery §3: "The algorithm RS256 MUST be included."
  return { ...server, id_token_signing_alg_values_supported: usable.length === 0 ? ['RS256'] : usable };
}

class MissingMetadataError extends Error {
  constructor(name: string) {
    super(`the issuer's metadata has no ${name}`);
    this.name = `MissingMetadata_${name}`;
  }
}

export function isAnyTenant(issuer: string): boolean {
  return ANY_TENANT.test(new URL(issuer).pathname);
}

/** @returns the metadata as the tenant's own; the same where the issuer has no place for one */
export function ofTenant(
  server: oauth.AuthorizationServer,
  tenant: string | undefined,
): oauth.AuthorizationServer {
  if (tenant === undefined || !server.issuer.includes(TENANT_PLACE)) return server;
  return { ...server, issuer: server.issuer.replace(TENANT_PLACE, tenant) };
}
