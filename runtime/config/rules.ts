/** The rules between keys of `.env`; what each value alone must be is in `schema.ts`. */
import type { Fault } from './faults.ts';
import { type ConfigKey, type ConfigValues, keyMeta } from './schema.ts';
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
  if (values.TLS_MODE === 'acme') need('ACME_EMAIL', 'when TLS_MODE is acme');
  if (values.IDENTITY_PROVIDER === 'github') {
    need('GITHUB_CLIENT_ID', 'when IDENTITY_PROVIDER is github');
    need('GITHUB_CLIENT_SECRET', 'when IDENTITY_PROVIDER is github');
  }
  const { BIND_ADDRESS: address, ALLOWED_GITHUB_USERS: users = [] } = values;
  if (values.IDENTITY_PROVIDER === 'local' && address !== undefined && !isLoopbackHost(address)) {
    faults.push({
      key: 'IDENTITY_PROVIDER',
      problem: 'local has no password, so BIND_ADDRESS must be a loopback address',
      example: 'BIND_ADDRESS=127.0.0.1',
    });
  }
  if (users.length > 1 && users.includes('*')) {
    faults.push({ key: 'ALLOWED_GITHUB_USERS', problem: '* means anybody and stands alone', example: '*' });
  }
  if (
    values.TLS_MODE === 'acme' &&
    values.HTTP_PORT !== undefined &&
    values.HTTP_PORT === values.HTTPS_PORT
  ) {
    faults.push({ key: 'HTTPS_PORT', problem: 'must differ from HTTP_PORT', example: '443' });
  }
  if (values.TLS_MODE === 'acme' && (values.TRUSTED_PROXIES ?? []).length > 0) {
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
