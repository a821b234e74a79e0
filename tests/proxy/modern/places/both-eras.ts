/** A proxy of which each user, or all, have one child for sessions and for requests without one, and their clients. */
import { afterEach } from 'vitest';
import { ModernClient, type Asked } from '../../../helpers/modern-client.ts';
import {
  contextOf,
  RawClient,
  startProxy,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../../helpers/stdio-proxy.ts';

export const ASKABLE = { elicitation: {}, sampling: {} };
export const SAMPLED = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hello' } };
export const LEVEL = 'io.modelcontextprotocol/logLevel';

export interface BothEras {
  start: (options?: TestProxyOptions) => Promise<TestProxy>;
  /** @returns a client without a session */
  modern: (user?: string, capabilities?: object) => ModernClient;
  /** @returns a client of its own of the user's */
  modernOf: (clientId: string, capabilities?: object) => ModernClient;
  /** @returns a client with a session */
  session: (user?: string) => Promise<RawClient>;
}

/** Each test starts a proxy, which ends with it. */
export function useBothEras(): BothEras {
  let test: TestProxy;
  afterEach(() => test.close());
  const modern = (user = 'alice', capabilities: object = {}) =>
    new ModernClient(test.url, user, capabilities);
  return {
    start: async (options = {}) => (test = await startProxy({ process: 'user', ...options })),
    modern,
    modernOf: (clientId, capabilities = ASKABLE) => {
      const client = modern('alice', capabilities);
      client.raw.headers['x-mcpgw-context'] = contextOf('alice', { clientId });
      return client;
    },
    session: async (user = 'alice') => {
      const client = new RawClient(test.url, user);
      await client.initialize();
      return client;
    },
  };
}

export const retry = (client: ModernClient, name: string, asked: Asked, answers: object): Promise<Asked> =>
  client.call(name, {}, { requestState: asked.message.result.requestState, inputResponses: answers });

/** @returns what the child was sent of `method` */
export const seenBy = async (client: RawClient, method: string): Promise<Loose[]> =>
  (JSON.parse(await client.tool('seen')) as Loose[]).filter((each) => each.method === method);
