/** The flows of `oauth-flow.ts` against a running `mcpgw dev`, where everybody is the one person of this machine. */
import type { DevProcess } from './mcpgw-process.ts';
import type { TestAuth } from './oauth-server.ts';

/** @returns what the helpers of a test server need to know of a running one: its issuer, its resources, its provider */
export function devAsTest(dev: DevProcess): TestAuth {
  const known = {
    origin: dev.issuer,
    resource: (service: string) => dev.urls[service] ?? '',
    settings: { identityProviders: [{ kind: 'local' }] },
  };
  return known as unknown as TestAuth;
}
