/** Who calls what in the tests of the running stack. */
import { connectLegacy, type McpClient } from '../helpers/mcp-clients.ts';
import { type ServiceCall, serviceCalls } from '../helpers/service-calls.ts';
import type { Stack } from '../helpers/stack.ts';
import { PAGE } from '../helpers/stack-page.ts';

/** As the identity provider's stand-in takes them: `id:login`. */
export const ALICE = '101:alice';
export const BOB = '102:bob';
/** May sign in there, and is in no list here. */
export const MALLORY = '103:mallory';

export const ALL_SERVICES = [
  ...['echo-stateful', 'echo-stateless', 'everything', 'fetch', 'fetchs', 'filesystem'],
  ...['memory', 'playwright', 'sequentialthinking', 'time', 'tmux'],
];

export { answerOf, entity, type ServiceCall } from '../helpers/service-calls.ts';

const CALLS: Record<string, ServiceCall> = {
  ...serviceCalls(PAGE),
  'echo-stateless': { tool: 'authContext', args: {}, answer: /User: alice \(github:101\)/ },
};

export function callOf(service: string): ServiceCall {
  const call = CALLS[service];
  if (call === undefined) throw new Error(`there is no call for ${service}`);
  return call;
}

/** Signs in, and hands a client to `use`. */
export async function withClient<T>(
  stack: Stack,
  service: string,
  account: string,
  use: (client: McpClient) => Promise<T>,
): Promise<T> {
  const client = await connectLegacy(stack.url(service), { fetch: stack.fetchAs(account) });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}
