/** Clients vanish in every way they can; nothing may stay behind. */
import { fork, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ProxyLimits } from '../../runtime/proxy/app.ts';
import type { HostUsage } from '../helpers/stdio-proxy-host.ts';
import { processesWith, RawClient, startProxy, until, WRAPPER } from '../helpers/stdio-proxy.ts';

const SESSIONS = 200;
const AT_ONCE = 8;
/** What 200 sessions may leave in memory, in bytes: code that was compiled since, not sessions. */
const MAX_GROWTH = 8 * 1024 * 1024;

type Drop = (client: RawClient) => Promise<unknown>;

/** Sends the head of a POST and `body`, of `length` bytes in all, on a socket that is then destroyed. */
async function sendRaw({ url, headers }: RawClient, body: string, length: number): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const head = Object.entries({ ...headers, host: 'x', 'content-length': length });
  await once(socket, 'connect');
  const text = `POST /mcp HTTP/1.1\r\n${head.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n${body}`;
  await new Promise((resolve) => socket.write(text, resolve));
  socket.destroy();
}

const DROPS: Record<string, Drop> = {
  'abandons it after initialize': () => Promise.resolve(),
  'destroys the socket of a call': (client) => {
    const body = JSON.stringify(client.call('silent'));
    return sendRaw(client, body, Buffer.byteLength(body));
  },
  'sends half a body': (client) => sendRaw(client, '{"jsonrpc":"2.0","id":5,', 500),
  'drops its GET stream': async (client) => (await client.stream()).cancel(),
  'aborts a call that streams': async (client) => {
    const response = await client.post(client.call('ask'));
    await response.body?.cancel();
  },
  'loses its server': async (client) => {
    const pid = Number(await client.tool('pid'));
    const pending = client.post(client.call('silent')).then((response) => response.text());
    // On a busy machine the session may be over already.
    if (pid > 0) process.kill(pid, 'SIGKILL');
    await pending;
  },
};

/** Opens `count` sessions, a few at once, and drops each in the next of all ways. */
async function openAndDrop(url: string, count: number): Promise<void> {
  const ways = Object.values(DROPS);
  let opened = 0;
  const worker = async (): Promise<void> => {
    while (opened < count) {
      const way = ways[opened % ways.length];
      opened += 1;
      const client = new RawClient(url, `user-${opened}`);
      await client.initialize();
      await way?.(client);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

interface Host {
  url: string;
  usage: () => Promise<HostUsage>;
  stop: () => void;
}

async function startHost(marker: string, limits: Partial<ProxyLimits>): Promise<Host> {
  const script = fileURLToPath(new URL('../helpers/stdio-proxy-host.ts', import.meta.url));
  const host = fork(script, [marker, JSON.stringify(limits)], { execArgv: [] });
  const [url] = (await once(host, 'message')) as [string];
  const usage = async (): Promise<HostUsage> => {
    host.send('usage');
    const [message] = (await once(host, 'message')) as [HostUsage];
    return message;
  };
  return { url, usage, stop: () => host.disconnect() };
}

describe('200 sessions whose clients vanish', () => {
  it('leave no process and no memory', { timeout: 60_000 }, async () => {
    const marker = `--marker=${randomUUID()}`;
    const host = await startHost(marker, {
      ...{ maxSessions: SESSIONS, sessionIdleSeconds: 1, resumeSeconds: 0.5 },
    });
    const allGone = async (): Promise<HostUsage> => {
      await until(async () => (await host.usage()).children === 0, 'no child is counted', 20_000);
      // The host itself carries the marker, too.
      await until(() => processesWith(marker).length === 1, 'no process is left', 5000);
      return host.usage();
    };
    await openAndDrop(host.url, 48);
    const before = await allGone();
    await openAndDrop(host.url, SESSIONS);
    const after = await allGone();
    expect(after.sessions).toBe(0);
    expect(after.memory - before.memory).toBeLessThan(MAX_GROWTH);
    host.stop();
    await until(() => processesWith(marker).length === 0, 'the host is gone');
  });

  it('also when the client is killed', async () => {
    const marker = `--marker=${randomUUID()}`;
    const test = await startProxy({ args: [marker], script: WRAPPER, limits: { sessionIdleSeconds: 0.3 } });
    const client = new RawClient(test.url);
    await client.initialize();
    const init = JSON.stringify({
      method: 'POST',
      headers: client.headers,
      body: JSON.stringify(client.call('silent')),
    });
    const code = `fetch(${JSON.stringify(test.url)}, ${init}); process.stdout.write('sent')`;
    const other = spawn(process.execPath, ['-e', code]);
    await once(other.stdout, 'data');
    other.kill('SIGKILL');
    await until(() => processesWith(marker).length === 0, 'no process is left', 5000);
    await test.close();
  });
});
