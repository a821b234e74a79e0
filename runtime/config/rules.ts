/** The rules between keys of `.env`; what each value alone must be is in `schema.ts`. */
import type { Fault } from './faults.ts';
import { configSchema, type ConfigKey, type ConfigValues, keyMeta } from './schema.ts';
import { isLoopbackHost } from './topology.ts';

/**
 * @param values without those that are wrong in themselves: a rule that needs one of them is not judged
 * @returns every rule that the values break
 */
export function brokenRules(values: Partial<ConfigValues>, services: string[]): Fault[] {
  const faults: Fault[] = [];
  const need = (key: ConfigKey, why: string) => {
    if (values[key] === undefined)
      faults.push({ key, problem: `is required ${why}`, example: keyMeta(key).example });
  };
  if (values.TLS_MODE === 'acme') faults.push(...acmeFaults(values, need));
  if (values.TLS_MODE === 'files') {
    need('TLS_CERT_FILE', 'when TLS_MODE is files');
    need('TLS_KEY_FILE', 'when TLS_MODE is files');
  }
  const providers = values.IDENTITY_PROVIDER ?? [];
  if (providers.includes('github')) {
    need('GITHUB_CLIENT_ID', 'when IDENTITY_PROVIDER has github');
    need('GITHUB_CLIENT_SECRET', 'when IDENTITY_PROVIDER has github');
  }
  const { BIND_ADDRESS: address } = values;
  if (providers.includes('oidc')) {
    for (const key of ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'] as const)
      need(key, 'when IDENTITY_PROVIDER has oidc');
    if ((values.OIDC_ALLOWED_GROUPS ?? []).length > 0 && !isAnyTenant(values.OIDC_ISSUER))
      need('OIDC_GROUPS_CLAIM', 'when OIDC_ALLOWED_GROUPS names some');
  }
  if (providers.includes('passphrase')) need('PASSPHRASE_HASH', 'when IDENTITY_PROVIDER has passphrase');
  if (providers.length > 1 && providers.includes('local')) {
    faults.push({
      key: 'IDENTITY_PROVIDER',
      problem: 'local lets anybody in, so that it stands alone',
      example: 'github',
    });
  }
  if (providers.includes('local') && address !== undefined && !isLoopbackHost(address)) {
    faults.push({
      key: 'IDENTITY_PROVIDER',
      problem: 'local has no password, so BIND_ADDRESS must be a loopback address',
      example: 'BIND_ADDRESS=127.0.0.1',
    });
  }
  for (const key of ['ALLOWED_GITHUB_USERS', 'OIDC_ALLOWED_EMAILS'] as const) {
    const allowed = values[key] ?? [];
    if (allowed.length > 1 && allowed.includes('*'))
      faults.push({ key, problem: '* means anybody and stands alone', example: '*' });
  }
  const tls = values.TLS_MODE !== undefined && values.TLS_MODE !== 'off';
  if (tls && values.HTTP_PORT !== undefined && values.HTTP_PORT === values.HTTPS_PORT) {
    faults.push({ key: 'HTTPS_PORT', problem: 'must differ from HTTP_PORT', example: '443' });
  }
  if (tls && (values.TRUSTED_PROXIES ?? []).length > 0) {
    faults.push({
      key: 'TRUSTED_PROXIES',
      problem: 'has a meaning only when TLS_MODE is off',
      example: 'TLS_MODE=off',
    });
  }
  if (services.length === 0) {
    faults.push({
      key: 'MCP_<SERVICE>_ENABLED',
      problem: 'no service is enabled',
      example: 'MCP_FETCH_ENABLED=true',
    });
  }
  return faults;
}

/** Whether it is Microsoft's for accounts of any tenant, where a tenant alone is a group, too. */
export function isAnyTenant(issuer = ''): boolean {
  return /\/(?:common|organizations)\/v2\.0\/?$/.test(issuer);
}

/** Rules of `TLS_MODE=acme`. */
function acmeFaults(values: Partial<ConfigValues>, need: (key: ConfigKey, why: string) => void): Fault[] {
  need('ACME_EMAIL', 'when TLS_MODE is acme');
  const faults: Fault[] = [];
  if (values.ACME_CHALLENGE === 'dns-01') {
    need('ACME_DNS_PROVIDER', 'when ACME_CHALLENGE is dns-01');
    // Traefik gets what is named here; what is ours stays ours.
    const ours = (values.ACME_DNS_VARIABLES ?? []).filter((name) => name in configSchema.shape);
    if (ours.length > 0) {
      faults.push({
        key: 'ACME_DNS_VARIABLES',
        problem: `${ours.join(', ')} belongs to mcpgw and not to a DNS provider`,
        example: keyMeta('ACME_DNS_VARIABLES').example,
      });
    }
  }
  if (values.ACME_STAGING === true && values.ACME_CA_URL !== undefined) {
    faults.push({
      key: 'ACME_STAGING',
      problem: "means Let's Encrypt's staging, and ACME_CA_URL names another authority",
      example: 'false',
    });
  }
  if (values.ACME_CA_CERT_FILE !== undefined && values.ACME_CA_URL === undefined) {
    need('ACME_CA_URL', 'when ACME_CA_CERT_FILE names what it is trusted by');
  }
  return faults;
}
