/** The configurations whose generated trees are in `tests/golden/`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  'own-services': { ...GITHUB, services: 'far,files,notes' },
  'local-loopback': {
    ...{ domain: 'mcp.localhost', tls: 'off', trustedProxies: '127.0.0.1,10.0.0.0/8' },
    ...{ identityProvider: 'local', localUser: 'Alice "A" $HOME #1', httpPort: '8081', httpsPort: '8443' },
    ...{
      services: 'echo-stateful,memory,time',
      set: ['MCP_CORS_ORIGINS=https://app.example.com,http://localhost:3000'],
    },
  },
};

/** Servers of the folder's own, as `mcpgw services add` writes them. */
const OWN: Record<string, string> = {
  'services/files.yaml': `name: files
title: Files
description: A server from npm.
kind: proxy
package: { npm: '@scope/files', version: 1.2.3, bin: files-mcp }
args: [--root, '{data}']
env: { MODE: { value: read only }, API_TOKEN: { secret: SECRET_FILES_API_TOKEN } }
data: user
container: { memory: 512m }
default: true
`,
  'services/notes.yaml': `name: notes
title: Notes
description: A server from PyPI.
kind: proxy
package: { pypi: notes-server, version: 0.3.0, bin: notes-server }
container: { base: python, apt: [ripgrep], memory: 300m, internet: true }
default: true
`,
  'services/far.yaml': `name: far
title: Far
description: A server elsewhere.
kind: remote
remote:
  url: https://mcp.example.com/mcp
  auth: header
  headers: { Authorization: { secret: SECRET_FAR_AUTHORIZATION }, X-Team: { value: blue } }
default: true
`,
  '.env':
    "SECRET_FILES_API_TOKEN=files-token-for-tests\nSECRET_FAR_AUTHORIZATION='Bearer far-token-for-tests'\n",
};

/** Puts into the folder what is there before `init`. */
export function prepare(name: string, folder: string): void {
  if (name !== 'own-services') return;
  mkdirSync(join(folder, 'services'));
  for (const [path, text] of Object.entries(OWN)) writeFileSync(join(folder, path), text);
}
