/**
 * MCP Inspector's command line as a client: a real one that nobody here wrote, a process for each call. It is fetched from
 * its registry as the official servers are: as a development dependency it would bring a hundred packages to everybody.
 */
import { spawn } from 'node:child_process';
import { installNpm } from '../../runtime/install/npm.ts';
import type { Launch } from '../../runtime/install/launch.ts';
import { connectLegacy, Credentials, type ConnectOptions, type McpClient } from './mcp-clients.ts';

const INSPECTOR = { npm: '@modelcontextprotocol/inspector', version: '2.12.0', bin: 'mcp-inspector' };

/** `legacy` begins with the handshake, `modern` speaks 2026-07-28 alone. */
export type InspectorEra = 'legacy' | 'modern';

/** @param folder where it is installed, and keeps what it keeps */
export function installInspector(folder: string): Promise<Launch> {
  return installNpm(INSPECTOR, { folder });
}

/**
 * @param url of the service; its sign-in is that of an SDK client, because the Inspector would open a browser
 * @returns a client that connects anew for each call, as the command line does
 */
export async function connectInspector(
  { file, args }: Launch,
  era: InspectorEra,
  url: string,
  options: ConnectOptions = {},
): Promise<McpClient> {
  const credentials = options.credentials ?? new Credentials('MCP Inspector');
  await (await connectLegacy(url, { ...options, credentials })).close();
  const token = String(credentials.held?.['access_token']);
  const run = (method: string, more: string[] = []) =>
    runInspector(file, [
      ...args,
      ...['--cli', url, '--transport', 'http', '--protocol-era', era, '--format', 'json', '--quiet'],
      ...['--header', `Authorization: Bearer ${token}`, '--method', method],
      ...more,
    ]);
  return {
    callTool: async (name, toolArgs) => {
      const json = JSON.stringify(toolArgs);
      const { result } = await run('tools/call', ['--tool-name', name, '--tool-args-json', json]);
      const { content = [], isError } = result as ToolResult;
      const text = content.map((part) => part.text ?? `[${part.type}]`).join('\n');
      if (isError === true) throw new Error(`tool ${name} failed: ${text}`);
      return text;
    },
    listTools: async () => {
      const { result } = await run('tools/list');
      return (result as { tools: { name: string }[] }).tools.map(({ name }) => name);
    },
    close: async () => undefined,
  };
}

interface ToolResult {
  content?: { type: string; text?: string }[];
  isError?: boolean;
}

async function runInspector(file: string, args: string[]): Promise<{ result: unknown }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.on('close', resolve));
  try {
    return JSON.parse(stdout) as { result: unknown };
  } catch (cause) {
    throw new Error(`MCP Inspector ended with ${String(code)}: ${stderr}${stdout}`, { cause });
  }
}
