import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  Events,
  fixtureCommand,
  Gate,
  processesWith,
  RawClient,
  startProxy,
  until,
  WRAPPER,
  type Loose,
} from '../../helpers/stdio-proxy.ts';
import { withProxy } from './with-proxy.ts';

const initialize = async (
  client: RawClient,
): Promise<{ status: number; body: Loose; session: string | null }> => {
  const response = await client.post(client.initializeBody());
  return {
    status: response.status,
    body: await response.json(),
    session: response.headers.get('mcp-session-id'),
  };
};

describe('a server that does not start', () => {
  it('because the command does not exist', () =>
    withProxy(
      { command: () => ({ file: '/nonexistent/server', args: [], env: {} }) },
      async ({ client, proxy, logs }) => {
        const { status, body, session } = await initialize(client);
        expect([status, session]).toEqual([502, null]);
        expect(body).toMatchObject({
          id: 1,
          error: { code: -32000, message: expect.stringMatching(/could not be started/) },
        });
        expect(logs.some((entry) => entry.level === 'error')).toBe(true);
        await until(() => proxy.stats().children === 0, 'no child is counted');
        expect(proxy.stats()).toEqual({ sessions: 0, children: 0 });
      },
    ));

  it('because the command cannot be made', () =>
    withProxy({ command: () => Promise.reject(new Error('disk full')) }, async ({ client, proxy, logs }) => {
      const { status, body } = await initialize(client);
      expect([status, body.error.code]).toEqual([500, -32000]);
      expect(JSON.stringify(body)).not.toContain('disk full');
      expect(JSON.stringify(logs)).toContain('disk full');
      expect(proxy.stats().sessions).toBe(0);
    }));

  it('because it exits, with its last words in the log', () =>
    withProxy({ args: ['--exit-on-init'] }, async ({ client, logs }) => {
      const { status, body, session } = await initialize(client);
      expect([status, session]).toEqual([502, null]);
      expect(body.error.message).toMatch(/exited with code 1 before it answered initialize/);
      expect(logs.some((entry) => entry.fields['line'] === 'cannot open the database')).toBe(true);
    }));

  it('because it never answers', () =>
    withProxy({ args: ['--silent-init'], limits: { initializeTimeoutSeconds: 0.3 } }, async ({ client }) => {
      const { status, body, session } = await initialize(client);
      expect([status, session, body.error.code]).toEqual([504, null, -32000]);
    }));

  it('because it refuses, which is passed on', () =>
    withProxy({ args: ['--refuse-init'] }, async ({ client, proxy }) => {
      const { status, body, session } = await initialize(client);
      expect([status, session]).toEqual([200, null]);
      expect(body.error).toEqual({ code: -32602, message: 'not today' });
      expect(proxy.stats().sessions).toBe(0);
    }));

  it('because the client went away meanwhile', () =>
    withProxy({ args: ['--silent-init'] }, async ({ client, alive, proxy }) => {
      const abort = new AbortController();
      const opening = client.post(client.initializeBody(), {}, abort.signal).catch(() => undefined);
      await until(() => alive() === 1, 'the child is there');
      abort.abort();
      await opening;
      await until(() => alive() === 0, 'the child is gone');
      expect(proxy.stats().sessions).toBe(0);
    }));
});

describe('a server that misbehaves', () => {
  it('crashes: pending calls are answered at once and the session is over', () =>
    withProxy({}, async ({ client }) => {
      await client.initialize();
      const stream = await client.stream();
      const pending = client.post(client.call('silent', {}, 'waiting'));
      const crash = (await (await client.post(client.call('crash'))).json()) as Loose;
      expect(crash.error).toMatchObject({
        code: -32000,
        message: expect.stringMatching(/exited with code 3/),
      });
      expect(await (await pending).json()).toMatchObject({ id: 'waiting', error: { code: -32000 } });
      await until(() => stream.closed, 'the GET stream ends');
      expect((await client.post(client.request('ping'))).status).toBe(404);
    }));

  it('answers and exits: the answer arrives', () =>
    withProxy({}, async ({ client }) => {
      await client.initialize();
      expect(await client.tool('answerAndExit')).toBe('last words');
      await until(
        async () => (await client.post(client.request('ping'))).status === 404,
        'the session is over',
      );
    }));

  it('is killed behind its wrapper: answered all the same', () =>
    withProxy({ script: WRAPPER }, async ({ client }) => {
      await client.initialize();
      const server = Number(await client.tool('pid'));
      const pending = client.post(client.call('silent'));
      await client.tool('echo', { text: 'the call before has arrived' });
      process.kill(server, 'SIGKILL');
      expect(await (await pending).json()).toMatchObject({ error: { code: -32000 } });
    }));

  it('writes noise to stdout: logged, ignored', () =>
    withProxy({}, async ({ client, logs }) => {
      await client.initialize();
      expect(await client.tool('noise')).toBe('noisy');
      const noise = logs.filter((entry) => entry.message.includes('other than JSON-RPC'));
      expect(noise.map((entry) => entry.fields['line'])).toEqual(
        expect.arrayContaining(['Server listening on nothing', '42']),
      );
    }));

  it('writes 300 kB to stderr: drained, one entry for each line', () =>
    withProxy({}, async ({ client, logs }) => {
      await client.initialize();
      expect(await client.tool('stderr', { bytes: 300_000 })).toBe('complained');
      await until(
        () => logs.filter((entry) => entry.message === 'server stderr').length === 3000,
        '3000 entries',
      );
    }));

  it('answers with too long a line: an error, and the session goes on', () =>
    withProxy({ limits: { maxMessageBytes: 100_000 } }, async ({ client, logs }) => {
      await client.initialize();
      expect(await client.tool('big', { bytes: 200_000 })).toMatch(/limit is 100000/);
      expect(await client.tool('echo', { text: 'fine' })).toBe('fine');
      expect(logs.some((entry) => entry.message.includes('too long'))).toBe(true);
    }));

  it('does not read: refused once too much waits for it', () =>
    withProxy({ limits: { maxBufferedBytes: 1_000_000 } }, async ({ client }) => {
      await client.initialize();
      await client.tool('deaf');
      const text = 'x'.repeat(500_000);
      const note = { jsonrpc: '2.0', method: 'notifications/x', params: { text } };
      const refused = await until(async () => {
        const response = await client.post(note);
        return response.status === 202 ? undefined : response;
      }, 'a refusal');
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).not.toBeNull();
    }));

  it('floods a client without a stream: the newest are kept', () =>
    withProxy({ limits: { maxBacklogMessages: 10 } }, async ({ client }) => {
      await client.initialize();
      expect(await client.tool('flood', { lines: 5000 })).toBe('flooded');
      const events = await client.stream();
      expect((await events.next(9)).params.uri).toBe('test://4999');
      await events.cancel();
    }));

  it('floods a client that does not read: its stream is closed', () =>
    withProxy({ limits: { maxBufferedBytes: 100_000, stallSeconds: 0.2 } }, async ({ client }) => {
      await client.initialize();
      const abort = new AbortController();
      const stream = await client.send('GET', undefined, { accept: 'text/event-stream' }, abort.signal);
      expect(await client.tool('flood', { lines: 20_000 })).toBe('flooded');
      await expect(stream.text()).rejects.toThrow();
      expect(await client.tool('echo', { text: 'fine' })).toBe('fine');
    }));
});

describe('what a child is given', () => {
  it('only the environment of its command', () =>
    withProxy({}, async ({ client }) => {
      await client.initialize();
      expect(Object.keys(JSON.parse(await client.tool('env')) as object)).not.toContain('HOME');
    }));

  it('a command made for the caller', () =>
    withProxy(
      {
        command: async (caller) => {
          const command = fixtureCommand();
          return { ...command, env: { ...command.env, FOR: caller.sub } };
        },
      },
      async ({ client }) => {
        await client.initialize();
        expect(JSON.parse(await client.tool('env'))).toMatchObject({ FOR: 'test:alice' });
      },
    ));

  it.skipIf(process.platform !== 'linux')('to the kernel first when memory runs out', async () => {
    const marker = `--marker=${randomUUID()}`;
    const test = await startProxy({ args: [marker] });
    try {
      await initialize(new RawClient(test.url));
      const scoreOf = (pid: number | string) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
      const own = scoreOf('self');
      expect(processesWith(marker).map(scoreOf)).toEqual([Math.min(own + 500, 1000)]);
    } finally {
      await test.close();
    }
  });

  it('an answer to its ping while it initializes', () =>
    withProxy({ args: ['--ping-init'] }, async ({ client }) => {
      const response = await client.post(client.initializeBody());
      expect(response.headers.get('content-type')).toBe('text/event-stream');
      expect(response.headers.get('mcp-session-id')).not.toBeNull();
      await response.body?.cancel();
    }));
});

describe('caps', () => {
  it('429 for one user, 503 for all, and room again after a DELETE', () =>
    withProxy({ limits: { maxSessionsPerUser: 2, maxSessions: 3 } }, async ({ url, client }) => {
      await client.initialize();
      await new RawClient(url).initialize();
      const third = await new RawClient(url).post(client.initializeBody());
      expect([third.status, third.headers.has('retry-after')]).toEqual([429, true]);
      expect(await third.json()).toMatchObject({
        error: { code: -32000, message: expect.stringMatching(/2 sessions/) },
      });
      await new RawClient(url, 'bob').initialize();
      const fourth = await new RawClient(url, 'carol').post(client.initializeBody());
      expect([fourth.status, fourth.headers.has('retry-after')]).toEqual([503, true]);
      await client.send('DELETE');
      await new RawClient(url, 'carol').initialize();
    }));
});

describe('keep-alive', () => {
  it('comments on open streams, and on a call that takes long', () =>
    withProxy({ limits: { keepAliveSeconds: 0.1 } }, async ({ client }) => {
      await client.initialize();
      const stream = await client.stream();
      await until(() => stream.comments.length >= 2, 'two comments');
      const gate = new Gate();
      const events = new Events(await client.post(client.call('wait', gate.args)));
      await until(() => events.comments.length >= 2, 'two comments on the call');
      gate.open();
      expect((await events.next()).result.content[0].text).toBe('waited');
      await stream.cancel();
    }));
});
