/** One call for each of the eleven services, that uses what is particular about it; `mcpgw dev` and the stack are asked alike. */
import type { McpClient } from './mcp-clients.ts';

export interface ServiceCall {
  tool: string;
  args: Record<string, unknown>;
  /** What the answer must have in it. */
  answer: RegExp;
}

/** A page that the browser of `playwright` can open; nothing leaves the machine. */
export interface Page {
  url: string;
  title: string;
}

export const SERVICES = [
  ...['echo-stateful', 'echo-stateless', 'everything', 'fetch', 'fetchs', 'filesystem'],
  ...['memory', 'playwright', 'sequentialthinking', 'time', 'tmux'],
] as const;

export type ServiceName = (typeof SERVICES)[number];

export const entity = { name: 'mcpgw', entityType: 'project', observations: ['is tested'] };
const thought = { thought: 'one', thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false };

/** The internet cannot be reached from a test: what counts of those that fetch is that they answer, here with a refusal. */
const refused = { tool: 'fetch', args: { url: 'http://127.0.0.1/' }, answer: /127\.0\.0\.1/ };

/** @param page what `playwright` opens */
export function serviceCalls(page: Page): Record<ServiceName, ServiceCall> {
  return {
    'echo-stateful': { tool: 'echo', args: { message: 'hello state' }, answer: /hello state/ },
    'echo-stateless': { tool: 'authContext', args: {}, answer: /User: \S+ \((?:github|local):/ },
    everything: { tool: 'echo', args: { message: 'hello gateway' }, answer: /hello gateway/ },
    fetch: refused,
    fetchs: refused,
    filesystem: { tool: 'list_allowed_directories', args: {}, answer: /users\/[0-9a-f]{32}$/m },
    memory: { tool: 'create_entities', args: { entities: [entity] }, answer: /is tested|^\[\]$/ },
    playwright: { tool: 'browser_navigate', args: { url: page.url }, answer: new RegExp(page.title) },
    sequentialthinking: { tool: 'sequentialthinking', args: thought, answer: /"thoughtNumber": ?1/ },
    time: { tool: 'get_current_time', args: { timezone: 'Europe/Berlin' }, answer: /Europe\/Berlin/ },
    // Twice the word would be the echo of what was typed: only the shell can have put the two halves together.
    tmux: {
      tool: 'run_command',
      args: { session: 'calls', command: 'echo made-by-"a shell"', create: true },
      answer: /made-by-a shell/,
    },
  };
}

/** @returns what the tool said, a refusal as well; fails when there was no answer */
export async function answerOf(client: McpClient, { tool, args }: ServiceCall): Promise<string> {
  return client.callTool(tool, args).catch((error: Error) => {
    if (error.message.startsWith(`tool ${tool} failed:`)) return error.message;
    throw error;
  });
}
