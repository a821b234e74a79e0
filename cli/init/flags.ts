/** Which key of `.env` has which flag of `mcpgw init`. */
import { CONFIG_KEYS, type ConfigKey, keyMeta } from '../../runtime/config/schema.ts';

import { SECRET_FLAGS } from './secret-flags.ts';

/** Keys with a flag of their own: what `init` asks, and what goes with it. `--set` reaches every other one. */
export const FLAGGED = [
  ...(['ROUTING_MODE', 'BASE_DOMAIN', 'TLS_MODE', 'ACME_EMAIL', 'TRUSTED_PROXIES'] as const),
  ...(['ACME_CHALLENGE', 'ACME_STAGING', 'ACME_CA_URL', 'ACME_CA_CERT_FILE'] as const),
  ...(['ACME_DNS_PROVIDER', 'ACME_DNS_VARIABLES', 'TLS_CERT_FILE', 'TLS_KEY_FILE'] as const),
  ...(['BIND_ADDRESS', 'HTTP_PORT', 'HTTPS_PORT'] as const),
  ...([
    'IDENTITY_PROVIDER',
    'GITHUB_CLIENT_ID',
    'GITHUB_BASE_URL',
    'ALLOWED_GITHUB_USERS',
    'ALLOWED_GITHUB_ORGS',
    'ALLOWED_GITHUB_TEAMS',
    'OIDC_ISSUER',
    'OIDC_CLIENT_ID',
    'OIDC_TITLE',
    'OIDC_SCOPES',
    'OIDC_GROUPS_CLAIM',
    'OIDC_ALLOWED_EMAILS',
    'OIDC_ALLOWED_DOMAINS',
    'OIDC_ALLOWED_GROUPS',
    'OWNER_NAME',
    'LOCAL_USER',
  ] as const),
  ...(['ACCESS_TOKEN_LIFETIME', 'REFRESH_TOKEN_LIFETIME', 'SESSION_TIMEOUT', 'CLIENT_LIFETIME'] as const),
] satisfies ConfigKey[];

const SHORTER: Partial<Record<ConfigKey, string>> = {
  ROUTING_MODE: 'mode',
  BASE_DOMAIN: 'domain',
  TLS_MODE: 'tls',
  ALLOWED_GITHUB_USERS: 'allowed-users',
  ALLOWED_GITHUB_ORGS: 'allowed-orgs',
  ALLOWED_GITHUB_TEAMS: 'allowed-teams',
};

/** `GITHUB_CLIENT_ID` → `github-client-id` */
export function flagName(key: ConfigKey): string {
  return SHORTER[key] ?? key.toLowerCase().replaceAll('_', '-');
}

/** How a key is given to `init` without a question, in words. */
export function howToGive(key: string): string {
  const secret = SECRET_FLAGS.find((flag) => flag.key === key);
  if (secret !== undefined)
    return `--${secret.name}-file PATH, --${secret.name}-stdin, or ${key} in the environment`;
  if (isConfigKey(key) && keyMeta(key).secret === true) return `${key} or ${key}_FILE in the environment`;
  if ((FLAGGED as string[]).includes(key)) return `--${flagName(key as ConfigKey)}`;
  if (/^MCP_.*_ENABLED$/.test(key)) return '--services';
  if (isConfigKey(key)) return `--set ${key}=…`;
  return `${key} or ${key}_FILE in the environment or .env`;
}

export function isConfigKey(key: string): key is ConfigKey {
  return (CONFIG_KEYS as string[]).includes(key);
}
