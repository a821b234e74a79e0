/** The configurations whose generated trees are in `tests/golden/`. */
import type { InitFlags } from '../../../cli/init/options.ts';
import { GITHUB, OIDC, PASSPHRASE } from './run-init.ts';

export const GOLDEN_CASES: Record<string, Partial<InitFlags>> = {
  'subdomain-github': { ...GITHUB, services: 'all' },
  'path-github': { ...GITHUB, mode: 'path', services: 'default' },
  'path-internal': {
    ...{ domain: 'mcp.localhost', mode: 'path', tls: 'internal', bindAddress: '127.0.0.2' },
    ...{ identityProvider: 'local', services: 'echo-stateless', httpPort: '8081', httpsPort: '8443' },
  },
  'path-oidc-passphrase': {
    ...{ ...OIDC, ...PASSPHRASE, mode: 'path', identityProvider: 'oidc,passphrase' },
    ...{ oidcTitle: 'Example Corp', oidcAllowedDomains: 'example.com,example.org', services: 'memory' },
    ...{ oidcAllowedGroups: 'mcp-users', oidcGroupsClaim: 'realm_access.roles' },
  },
  'local-loopback': {
    ...{ domain: 'mcp.localhost', tls: 'off', trustedProxies: '127.0.0.1,10.0.0.0/8' },
    ...{ identityProvider: 'local', localUser: 'Alice "A" $HOME #1', httpPort: '8081', httpsPort: '8443' },
    ...{
      services: 'echo-stateful,memory,time',
      set: ['MCP_CORS_ORIGINS=https://app.example.com,http://localhost:3000'],
    },
  },
};
