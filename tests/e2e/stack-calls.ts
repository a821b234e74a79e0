/** Who calls what in the tests of the running stack. */
import { connectLegacy, type McpClient } from '../helpers/mcp-clients.ts';
import type { Stack } from '../helpers/stack.ts';
import { PAGE } from '../helpers/stack-page.ts';

/** As the identity provider's stand-in takes them: `id:login`. */
export const ALICE = '101:alice';
export const BOB = '102:bob';
/** May sign in there, and is in no list here. */
export const MALLORY = '103:mallory';

export const ALL_SERVICES = [
  ...['echo-stateful', 'echo-stateless', 'everything', 'fetch', 'filesystem'],
  ...['memory', 'playwright', 'sequentialthinking', 'time'],
];

export interface ServiceCall {
  tool: string;
  args: Record<string, unknown>;
  /** What the answer must have in it. */
  answer: RegExp;
}

export const entity = { name: 'mcpgw', entityType: 'project', observations: ['is tested'] };
const thought = { thought: 'one', thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false };

/** A call on each service that uses what is particular about it. */
const CALLS: Record<string, ServiceCall> = {
  'echo-stateful': { tool: 'echo', args: { message: 'hello state' }, answer: /hello state/ },
  'echo-stateless': { tool: 'authContext', args: {}, answer: /User: alice \(github:101\)/ },
  everything: { tool: 'echo', args: { message: 'hello gateway' }, answer: /hello gateway/ },
  // The internet cannot be reached from a test: what counts is that the server answers, here with a refusal.
  fetch: { tool: 'fetch', args: { url: 'http://127.0.0.1/' }, answer: /tool fetch failed: .*127\.0\.0\.1/s },
  filesystem: { tool: 'list_allowed_directories', args: {}, answer: /\/data\/users\// },
  memory: { tool: 'create_entities', args: { entities: [entity] }, answer: /is tested|^\[\]$/ },
  playwright: { tool: 'browser_navigate', args: { url: PAGE.url }, answer: new RegExp(PAGE.title) },
  sequentialthinking: { tool: 'sequentialthinking', args: thought, answer: /"thoughtNumber": ?1/ },
  time: { tool: 'get_current_time', args: { timezone: 'Europe/Berlin' }, answer: /Europe\/Berlin/ },
};

/** @returns what the tool said, a refusal as well; fails when there was no answer */
export async function answerOf(client: McpClient, { tool, args }: ServiceCall): Promise<string> {
  return client.callTool(tool, args).catch((error: Error) => {
    if (error.message.startsWith(`tool ${tool} failed:`)) return error.message;
    throw error;
  });
}

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
