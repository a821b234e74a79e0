/** A proxy of which each user, or all, have one child, and clients with sessions. */
import { afterEach, expect } from 'vitest';
import {
  RawClient,
  startProxy,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../../helpers/stdio-proxy.ts';

export interface Sessions {
  start: (options?: TestProxyOptions) => Promise<TestProxy>;
  session: (user?: string, capabilities?: object) => Promise<RawClient>;
}

/** Each test starts a proxy, which ends with it. @param process the model, unless a test says another */
export function useSessions(process: 'user' | 'shared'): Sessions {
  let test: TestProxy;
  afterEach(() => test.close());
  return {
    start: async (options = {}) => (test = await startProxy({ process, ...options })),
    session: async (user = 'alice', capabilities = { sampling: {} }) => {
      const client = new RawClient(test.url, user);
      const body = client.initializeBody() as Loose;
      body.params.capabilities = capabilities;
      const response = await client.post(body);
      expect(response.status).toBe(200);
      client.headers['mcp-session-id'] = response.headers.get('mcp-session-id') ?? '';
      client.headers['mcp-protocol-version'] = '2025-11-25';
      await response.json();
      await client.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
      return client;
    },
  };
}

/** @returns what the child was sent */
export const seenBy = async (client: RawClient): Promise<Loose[]> =>
  JSON.parse(await client.tool('seen')) as Loose[];
