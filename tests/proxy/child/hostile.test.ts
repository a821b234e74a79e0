/** Servers that do what they should not: no crash, no answer to the wrong one, each request answered or refused. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Events,
  processesWith,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

const HOSTILE = fileURLToPath(new URL('../../helpers/hostile-child.js', import.meta.url));
const marker = `--marker=${randomUUID()}`;
const limits = {
  maxMessageBytes: 200_000,
  maxBufferedBytes: 2_000_000,
  maxSessionsPerUser: 100,
  resumeSeconds: 0.1,
};
let test: TestProxy;
let victim: RawClient;

beforeAll(async () => {
  test = await startProxy({ script: HOSTILE, args: [marker], limits });
  victim = new RawClient(test.url, 'victim');
  await victim.initialize();
});
afterAll(async () => {
  await test.close();
  await until(() => processesWith(marker).length === 0, 'no process is left');
});

async function session(): Promise<RawClient> {
  const client = new RawClient(test.url, 'attacker');
  await client.initialize();
  return client;
}

interface Answers {
  status: number;
  /** With the id of the request. */
  own: Loose[];
  all: Loose[];
}

/** Calls with progress on, and waits for the end of the reply. */
async function callOf(client: RawClient, name: string, text: string): Promise<Answers> {
  const id = `id-${text}`;
  const params = { name, arguments: { text }, _meta: { progressToken: `token-${text}` } };
  const response = await client.post(client.request('tools/call', params, id));
  const { status } = response;
  if (response.headers.get('content-type') === 'application/json') {
    const message = (await response.json()) as Loose;
    return { status, own: [message], all: [message] };
  }
  const events = new Events(response);
  await until(() => events.closed, `the end of ${name}`);
  return { status, own: events.messages.filter((message) => message.id === id), all: events.messages };
}

const textOf = (message: Loose): string => message?.result?.content?.[0]?.text;

describe('a misdeed costs nobody but its session anything', () => {
  it.each([
    ...['garbage', 'invalidUtf8', 'floodStdout', 'floodStderr', 'floodNotifications', 'floodProgress'],
    ...['foreignProgress', 'floodRequests', 'sameRequestIds', 'strangeRequests', 'foreignIds'],
    ...['cancelsEverything', 'answersTwice', 'answersOtherType', 'answersAhead', 'longLine', 'forks'],
  ])('%s: answered', async (name) => {
    const client = await session();
    const nonce = randomUUID();
    const pending = victim.tool('echo', { text: `victim ${nonce}` });
    const { status, own } = await callOf(client, name, nonce);
    expect([status, own.map(textOf)]).toEqual([200, [nonce]]);
    expect(await pending).toBe(`victim ${nonce}`);
    // And goes on.
    expect((await callOf(client, 'echo', `then ${nonce}`)).own.map(textOf)).toEqual([`then ${nonce}`]);
    expect((await client.send('DELETE')).status).toBe(204);
  });

  it.each([
    ['longAnswer', /bytes; the limit is/],
    ['exits', /exited with code 7/],
    ['diesInLine', /was ended by SIGKILL/],
    ['closesOutput', /closed its output/],
  ])('%s: refused', async (name, message) => {
    const client = await session();
    const { own } = await callOf(client, name, randomUUID());
    expect(own).toEqual([
      expect.objectContaining({
        error: expect.objectContaining({ message: expect.stringMatching(message) }),
      }),
    ]);
    expect(await victim.tool('echo', { text: 'unharmed' })).toBe('unharmed');
  });

  it.each(['never', 'emptyAnswer', 'longUnknownAnswer', 'resultAndError'])('%s', async (name) => {
    const client = await session();
    const nonce = randomUUID();
    const abort = new AbortController();
    const call = client
      .post(client.call(name, { text: nonce }, 'unanswered'), {}, abort.signal)
      .catch(() => undefined);
    expect((await callOf(client, 'echo', nonce)).own.map(textOf)).toEqual([nonce]);
    abort.abort();
    await call;
    expect((await client.send('DELETE')).status).toBe(204);
  });

  it('wholeArray: the first of the answers', async () => {
    const { own } = await callOf(await session(), 'wholeArray', randomUUID());
    expect(own).toEqual([expect.objectContaining({ result: {} })]);
  });

  it('closesInput: later requests are refused, too', async () => {
    const client = await session();
    const first = client.post(client.call('closesInput'));
    const statuses: number[] = [];
    await until(() => {
      void client.post(client.call('echo')).then(({ status }) => statuses.push(status));
      return statuses.includes(404);
    }, 'the session is over');
    expect((await (await first).json()) as Loose).toMatchObject({ error: { code: -32000 } });
  });
});

describe('ends', () => {
  it('a child that ignores everything, with its grandchildren', async () => {
    const own = `--marker=${randomUUID()}`;
    const stubborn = await startProxy({ script: HOSTILE, args: [own, '--stubborn'], limits });
    const client = new RawClient(stubborn.url);
    await client.initialize();
    expect((await callOf(client, 'forks', 'x')).own.map(textOf)).toEqual(['x']);
    await until(() => processesWith(own).length === 4, 'the grandchildren');
    expect((await client.send('DELETE')).status).toBe(204);
    await until(() => processesWith(own).length === 0, 'none is left');
    await stubborn.close();
  });

  it('a child that reads nothing any more, whose client is told', async () => {
    const client = await session();
    await client.tool('deaf');
    const text = 'x'.repeat(150_000);
    const abort = new AbortController();
    const statuses: number[] = [];
    const pending: Promise<unknown>[] = [];
    await until(() => {
      const call = client.post(client.call('echo', { text }), {}, abort.signal);
      pending.push(call.then(({ status }) => statuses.push(status)).catch(() => undefined));
      return statuses.includes(503);
    }, 'requests are refused');
    expect(await victim.tool('echo', { text: 'unharmed' })).toBe('unharmed');
    abort.abort();
    await Promise.all(pending);
    expect((await client.send('DELETE')).status).toBe(204);
  });
});
