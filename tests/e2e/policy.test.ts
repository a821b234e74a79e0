/** A policy file before real clients: a denied tool is neither listed nor reached, and a change holds within a second. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectLegacy, connectModern, Credentials, type McpClient } from '../helpers/mcp-clients.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';

const FIXTURE = fileURLToPath(new URL('../helpers/stdio-fixture.js', import.meta.url));
const DENY_ECHO = 'rules:\n  - deny: { tools: [echo, "env*"] }\n';
/** From a change of the file until it holds, at most, in milliseconds. */
const PROMISED_MS = 1_000;

let folder: string;
let dev: DevProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-policy-'));
  write(DENY_ECHO);
  dev = await startDev(
    ['--services', 'echo-stateful,echo-stateless', '--name', 'fixture', '--', process.execPath, FIXTURE],
    { cwd: folder },
  );
});
afterAll(async () => {
  await dev?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** As an editor does: a new file takes the old one's place. */
function write(text: string, name = 'policy.yaml'): void {
  writeFileSync(join(folder, `.${name}.new`), text);
  renameSync(join(folder, `.${name}.new`), join(folder, name));
}

/** Asks again until the condition holds, for as long as is promised. */
async function soon(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PROMISED_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`the change did not hold within ${PROMISED_MS} ms`);
    await delay(20);
  }
}

const calls = (client: McpClient, tool: string, args: Record<string, unknown>): Promise<string> =>
  client.callTool(tool, args).catch((error: unknown) => String(error));

describe.each([
  ['SDK 1.x client', connectLegacy],
  ['SDK 2.x client', connectModern],
])('%s', (_, connect) => {
  it.each(['fixture', 'echo-stateful', 'echo-stateless'])(
    'does not see the denied tools of %s',
    async (service) => {
      const client = await connect(dev.urls[service] as string);
      try {
        const names = await client.listTools();
        expect(names).not.toContain('echo');
        expect(names.length).toBeGreaterThan(3);
        const args = { text: 'x', message: 'x' };
        expect(await calls(client, 'echo', args)).toMatch(/Unknown tool: echo/);
        expect(await calls(client, 'environmentDump', {})).toMatch(/Unknown tool/);
      } finally {
        await client.close();
      }
    },
  );
});

describe('a change of the policy file', () => {
  it.each(['fixture', 'echo-stateful'])('holds within a second in an open session of %s', async (service) => {
    const client = await connectLegacy(dev.urls[service] as string);
    const echo = () => calls(client, 'echo', { text: 'hello', message: 'hello' });
    try {
      expect(await echo()).toMatch(/Unknown tool/);
      write('rules: []\n');
      await soon(async () => /hello/.test(await echo()));
      expect(await client.listTools()).toContain('echo');
      write(DENY_ECHO);
      await soon(async () => /Unknown tool/.test(await echo()));
      expect(await client.listTools()).not.toContain('echo');
    } finally {
      write(DENY_ECHO);
      await client.close();
    }
  });

  it('takes a service away and gives it back, for a token that exists', async () => {
    const credentials = new Credentials('taken away');
    const client = await connectLegacy(dev.urls.fixture as string, { credentials });
    const status = async () => {
      const response = await fetch(dev.urls.fixture as string, {
        headers: {
          authorization: `Bearer ${String(credentials.held?.access_token)}`,
          accept: 'application/json',
        },
      });
      await response.body?.cancel();
      return response.status;
    };
    const before = await status();
    write('rules:\n  - deny: { services: [fixture] }\n');
    await soon(async () => (await status()) === 403);
    write('rules:\n  - deny: { services: [fixture]');
    await soon(async () => dev.output().includes('cannot be used'));
    expect(await status()).toBe(403);
    write(DENY_ECHO);
    await soon(async () => (await status()) === before);
    await client.close();
  });
});

it('a change of the lists in .env holds within a second', async () => {
  const client = await connectLegacy(dev.urls.fixture as string);
  const pid = () => calls(client, 'pid', {});
  expect(await pid()).toMatch(/^\d+$/);
  write('MCP_FIXTURE_ALLOWED_USERS=somebody-else\n', '.env');
  await soon(async () => !/^\d+$/.test(await pid()));
  write('MCP_FIXTURE_ALLOWED_USERS=*\n', '.env');
  await soon(async () => /^\d+$/.test(await pid()));
  await client.close();
});
