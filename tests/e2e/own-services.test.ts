/**
 * Servers of a person's own, from `mcpgw services add` to a client that calls them: one from npm and one elsewhere, each
 * with a secret, which is where it is needed and nowhere else.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basicEnvironment } from '../../runtime/config/child-env.ts';
import { connectLegacy, connectModern } from '../helpers/mcp-clients.ts';
import { type DevProcess, mcpgw, startDev } from '../helpers/mcpgw-process.ts';
import { readAll } from '../cli/support/run-init.ts';
import { sdk1Server } from '../remote/support.ts';

const VARIABLE = 'variable-secret-4711';
const HEADER = 'header-secret-0815';
/** As a person starts it: without what a test runner adds, and with nothing of the gateway's. */
const env = basicEnvironment(process.env);

let folder: string;
let far: Server;
let dev: DevProcess;
let said = '';

async function run(args: string[], input?: string): Promise<void> {
  const { code, stdout, stderr } = await mcpgw(args, {
    cwd: folder,
    env,
    ...(input === undefined ? {} : { input }),
  });
  said += stdout + stderr;
  expect(code, stderr).toBe(0);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-e2e-'));
  far = createServer(sdk1Server()).listen(0, '127.0.0.1');
  await once(far, 'listening');
  const everything = ['npx', '-y', '@modelcontextprotocol/server-everything', 'stdio'];
  await run(
    ['services', 'add', 'mine', '--env', 'GREETING=hello', '--secret', 'API_TOKEN', '--', ...everything],
    `${VARIABLE}\n`,
  );
  const url = `http://127.0.0.1:${(far.address() as AddressInfo).port}/mcp`;
  await run(['services', 'add', 'far', '--url', url, '--secret-header', 'Authorization'], `Bearer ${HEADER}`);
  dev = await startDev(['--services', 'mine,far'], { cwd: folder, env });
});
afterAll(async () => {
  await dev?.stop();
  far?.closeAllConnections();
  far?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['SDK 1.x client', connectLegacy],
  ['SDK 2.x client', connectModern],
])('%s', (_, connect) => {
  it('calls the server from npm, which has its secret and none of the gateway', async () => {
    const client = await connect(dev.urls.mine as string);
    const variables = JSON.parse(await client.callTool('get-env', {})) as Record<string, string>;
    expect(variables).toMatchObject({ API_TOKEN: VARIABLE, GREETING: 'hello' });
    expect(JSON.stringify(variables)).not.toContain(HEADER);
    expect(Object.keys(variables).filter((name) => name.startsWith('SECRET_'))).toEqual([]);
    await client.close();
  });

  it('calls the server elsewhere, which sees the gateway and not the person', async () => {
    const client = await connect(dev.urls.far as string);
    expect(await client.callTool('echo', { message: 'over there' })).toBe('over there');
    const headers = JSON.parse(await client.callTool('headers', {})) as Record<string, string>;
    expect(headers.authorization).toBe(`Bearer ${HEADER}`);
    expect(Object.keys(headers).filter((name) => /^x-|cookie|forwarded/.test(name))).toEqual([]);
    await client.close();
  });
});

describe('a secret', () => {
  it('is in .env and no other file, in no command line, no environment but its server’s, and no output', async () => {
    const client = await connectLegacy(dev.urls.mine as string);
    await client.callTool('get-env', {});
    for (const secret of [VARIABLE, HEADER]) {
      const files = [...readAll(folder)].filter(([, text]) => text.includes(secret)).map(([path]) => path);
      expect(files).toEqual(['.env']);
      expect(processes('cmdline', secret)).toEqual([]);
      expect(said + dev.output()).not.toContain(secret);
    }
    // One child of the session, and perhaps a spare one.
    expect(processes('environ', VARIABLE).length).toBeGreaterThan(0);
    expect(processes('environ', VARIABLE)).not.toContain(dev.child.pid);
    expect(processes('environ', HEADER)).toEqual([]);
    await client.close();
  });

  it('is a file of its own container in the stack, and not in the Compose file', async () => {
    const access = ['--identity-provider', 'passphrase', '--owner-name', 'me', '--passphrase-stdin'];
    await run(
      ['init', '--yes', '--domain', 'mcp.example.com', '--tls', 'off', '--services', 'mine,far', ...access],
      'correct horse battery staple',
    );
    const holders = (secret: string) =>
      [...readAll(folder)].filter(([, text]) => text.includes(secret)).map(([path]) => path);
    expect(holders(VARIABLE)).toEqual(['.env', 'secrets/service_secret_mine_api_token']);
    expect(holders(HEADER)).toEqual(['.env', 'secrets/service_secret_far_authorization']);
    const compose = readFileSync(join(folder, 'compose.yaml'), 'utf8');
    expect(compose).toContain('source: service_secret_mine_api_token');
    expect(compose).not.toContain('API_TOKEN:');
  });
});

/** Pids of processes in whose command line or environment the text is. */
function processes(file: 'cmdline' | 'environ', text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}
