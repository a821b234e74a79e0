import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { HEALTH_USER_ID } from '../../runtime/config/health-user.ts';
import type { ProxyOptions } from '../../runtime/proxy/app.ts';
import {
  contextOf,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../helpers/stdio-proxy.ts';

const SECRET = 'sk-of-the-operator';
const KEY = ['-----BEGIN KEY-----', 'AAAABBBBCCCC', '-----END KEY-----'].join('\n');

let test: TestProxy | undefined;
afterEach(() => test?.close());

/** @param script what the server does, as JavaScript */
async function start(script: string, options: Partial<ProxyOptions> = {}) {
  const env = { API_KEY: SECRET, TLS_KEY: KEY };
  const command = { file: process.execPath, args: ['-e', script], env, secrets: [SECRET, KEY, '1'] };
  test = await startProxy({ command: () => command, ...options });
  const { url } = test;
  const client = new RawClient(url);
  return {
    ...test,
    health: async (): Promise<Loose> => (await fetch(url.replace('/mcp', '/health'))).json(),
    ask: (sub: string, context = contextOf('', { sub })) =>
      client.send('GET', undefined, { accept: 'application/json', [CONTEXT_HEADER]: context }),
    client,
  };
}

const FAILS = `
  console.error('with the key ' + process.env.API_KEY + ', of 1:');
  console.error(process.env.TLS_KEY);
  console.error('WIDGET is not set');
  process.exit(3);`;

describe.each(['session', 'user', 'shared'] as const)('a server that cannot start, in %s mode', (process) => {
  it('is not ready, for the reason that it wrote, without its secrets', async () => {
    const { client, health, ask, logs } = await start(FAILS, { process });
    expect((await client.post(client.initializeBody())).status).toBe(502);
    const expected = {
      ...{ status: 'failing', live: true, ready: false, reason: 'cannot start: exited with code 3' },
      output: [
        'with the key [REDACTED], of 1:',
        ...['[REDACTED]', '[REDACTED]', '[REDACTED]'],
        'WIDGET is not set',
      ],
    };
    await expect.poll(health).toEqual(expected);
    const asked = await ask(HEALTH_USER_ID);
    expect([asked.status, await asked.json()]).toEqual([200, expected]);
    expect(test?.proxy.metrics()).toContain('mcpgw_proxy_ready 0\n');
    expect(JSON.stringify(logs)).toContain('WIDGET is not set');
    expect(JSON.stringify(logs)).not.toMatch(new RegExp(`${SECRET}|AAAABBBBCCCC`));
  });

  it('is not ready while it says nothing that is MCP, and nobody is kept from trying', async () => {
    let nowMs = Date.now();
    const noise = `console.log('Welcome!'); setInterval(() => {}, 1000);`;
    const { client, health, proxy, logs } = await start(noise, { process, now: () => nowMs });
    const aborter = new AbortController();
    const first = client.post(client.initializeBody(), {}, aborter.signal).catch(() => undefined);
    await until(() => logs.some(({ fields }) => fields.line === 'Welcome!'), 'it has started');
    expect(await health()).toMatchObject({ ready: true });
    nowMs += 12_000;
    const late = {
      reason: 'cannot start: has not answered initialize for 12 s',
      output: ['not JSON-RPC, on stdout: Welcome!'],
    };
    expect(await health()).toMatchObject({ ready: false, ...late });
    aborter.abort();
    await first;
    if (process === 'session') await until(() => proxy.stats().sessions === 0, 'the client has gone');
    expect(await health()).toMatchObject({ ready: false, ...late });
    expect(proxy.childStats().failedStarts).toBe(0);
  });
});

it('tells no other caller what a server wrote', async () => {
  const { client, ask } = await start(FAILS);
  const refused = await client.post(client.initializeBody());
  expect(await refused.text()).not.toContain('WIDGET');
  for (const user of ['test:alice', 'internal:healthy', 'github:internal:health']) {
    const answer = await ask(user);
    expect([answer.status, await answer.text()]).toEqual([406, expect.not.stringContaining('WIDGET')]);
  }
  const unsigned = await ask(HEALTH_USER_ID, 'forged');
  expect(unsigned.status).toBe(401);
});
