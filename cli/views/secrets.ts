/**
 * Secrets as files in `secrets/`, which Compose mounts into the containers that need them: one secret a file, and no
 * service gets the root secret, only the key of its own context.
 */
import { createHash } from 'node:crypto';
import { deriveKey } from '../../runtime/config/secrets.ts';
import { secretNames, type Service } from '../../runtime/config/catalog.ts';
import type { ConfigValues } from '../../runtime/config/schema.ts';

/** Keys of `.env` that the authorization server reads from files. */
export const AUTH_SECRETS = [
  'GATEWAY_JWT_SECRET',
  'JWT_PRIVATE_KEY_B64',
  'GITHUB_CLIENT_SECRET',
  'REGISTRATION_TOKEN',
  'OIDC_CLIENT_SECRET',
  'PASSPHRASE_HASH',
  'REDIS_PASSWORD',
  'REDIS_SENTINEL_PASSWORD',
] as const;

/** Whose secret it is; of a provider that nobody signs in with it has no use. */
const PROVIDER_SECRETS: Partial<Record<string, ConfigValues['IDENTITY_PROVIDER'][number]>> = {
  GITHUB_CLIENT_SECRET: 'github',
  OIDC_CLIENT_SECRET: 'oidc',
  PASSPHRASE_HASH: 'passphrase',
};

export function contextSecret(service: string): string {
  return `context_${service}`;
}

/** The file of a secret that a catalog entry's `env` names. */
export function serviceSecret(name: string): string {
  return `service_${name.toLowerCase()}`;
}

/** The file of a variable that the provider of DNS-01 needs. */
export function acmeSecret(name: string): string {
  return `acme_${name.toLowerCase()}`;
}

/** Names in `secrets/` that are ours to replace and remove; whatever else is there is the user's. */
export function isOwnSecret(file: string): boolean {
  return (
    file === 'redis_acl' ||
    AUTH_SECRETS.some((key) => file === key.toLowerCase()) ||
    /^(?:acme|context|service)_/.test(file)
  );
}

/** @returns the keys of `AUTH_SECRETS` that have a value and a use */
export function authSecrets(values: ConfigValues): (typeof AUTH_SECRETS)[number][] {
  return AUTH_SECRETS.filter((key) => {
    const provider = PROVIDER_SECRETS[key];
    return (
      values[key] !== undefined && (provider === undefined || values.IDENTITY_PROVIDER.includes(provider))
    );
  });
}

/** Names of the variables that the provider of DNS-01 needs. */
export function acmeSecretNames(values: ConfigValues): string[] {
  const used = values.TLS_MODE === 'acme' && values.ACME_CHALLENGE === 'dns-01';
  return used ? values.ACME_DNS_VARIABLES : [];
}

/**
 * @param given values of the secrets that services and the provider of DNS-01 ask for, by name
 * @returns text by file name
 */
export function secretFiles(
  values: ConfigValues,
  services: Service[],
  given: Record<string, string>,
  stackRedis: boolean,
): Map<string, string> {
  const files = new Map<string, string>();
  for (const key of authSecrets(values)) files.set(key.toLowerCase(), values[key] as string);
  if (stackRedis) files.set('redis_acl', redisAcl(values.REDIS_PASSWORD ?? ''));
  for (const name of acmeSecretNames(values)) files.set(acmeSecret(name), given[name] ?? '');
  for (const service of services) {
    const key = deriveKey(values.GATEWAY_JWT_SECRET, `context:${service.name}`);
    files.set(contextSecret(service.name), Buffer.from(key).toString('base64url'));
    for (const name of secretNames(service)) files.set(serviceSecret(name), given[name] ?? '');
  }
  return files;
}

/** Redis itself gets the hash of the password; `health` may do nothing but ping. */
function redisAcl(password: string): string {
  const hash = createHash('sha256').update(password).digest('hex');
  return `user default on sanitize-payload #${hash} ~* &* +@all\nuser health on nopass -@all +ping\n`;
}
