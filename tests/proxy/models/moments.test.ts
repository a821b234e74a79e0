/** Whatever moment of a call the server dies in, or the proxy ends in: its client is told, and nothing is left over. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import {
  Events,
  Gate,
  processesWith,
  RawClient,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

const MODELS = ['session', 'user', 'shared'] as const;
const SAMPLED = { role: 'assistant', model: 'm', content: { type: 'text', text: '' } };

let test: TestProxy;
let marker: string;
let gate: Gate;
beforeEach(() => (gate = new Gate()));
afterEach(async () => {
  await test.close();
  rmSync(gate.args.begun, { force: true });
});

async function start(process: (typeof MODELS)[number]): Promise<void> {
  marker = `--marker=${randomUUID()}`;
  test = await startProxy({ process, args: [marker] });
}

const killServer = (): void => {
  for (const pid of processesWith(marker)) process.kill(pid, 'SIGKILL');
};
const endProxy = (): Promise<void> => test.proxy.close(600);

/** What a client has under way; gives the codes of the errors that it is told in the end. */
type Moment = () => Promise<() => Promise<unknown[]>>;

const codeIn = (text: string): unknown => {
  const last = [...text.matchAll(/^data: (\{.*)$/gm)].at(-1)?.[1] ?? text;
  return JSON.parse(last).error?.code;
};

async function session(): Promise<RawClient> {
  const client = new RawClient(test.url);
  await client.initialize();
  return client;
}

const LEGACY: [string, Moment][] = [
  [
    'before it has said anything',
    async () => {
      const client = await session();
      const call = client.post(client.call('wait', gate.args, 'one'));
      await gate.begun();
      return async () => [codeIn(await (await call).text())];
    },
  ],
  [
    'on a stream',
    async () => {
      const client = await session();
      const params = { name: 'stepwise', arguments: { before: 1, after: 1 }, _meta: { progressToken: 1 } };
      const events = new Events(await client.post(client.request('tools/call', params, 'one')));
      await events.next();
      return async () => {
        await until(() => events.closed, 'the end of the stream');
        return [events.messages.at(-1).error?.code];
      };
    },
  ],
  [
    'in a batch, of which one is answered',
    async () => {
      const client = new RawClient(test.url);
      await client.initialize('2025-03-26');
      const call = client.post([client.call('echo', { text: '' }, 1), client.call('wait', gate.args, 2)]);
      await gate.begun();
      return async () => {
        const answers = (await (await call).json()) as Loose[];
        expect(answers.map(({ id }) => id).sort()).toEqual([1, 2]);
        return answers.flatMap(({ error }) => error?.code ?? []);
      };
    },
  ],
];

const LEGACY_ASKED: [string, Moment] = [
  'while the client is asked something',
  async () => {
    const client = await session();
    const events = new Events(await client.post(client.call('ask', {}, 'one')));
    const question = await events.next();
    return async () => {
      await until(() => events.closed, 'the end of the stream');
      // An answer that comes too late is nobody's.
      const late = await client.post({ jsonrpc: '2.0', id: question.id, result: SAMPLED });
      expect([202, 404]).toContain(late.status);
      return [events.messages.at(-1).error?.code];
    };
  },
];

const MODERN: [string, Moment][] = [
  [
    'before it has said anything',
    async () => {
      const client = new ModernClient(test.url);
      const call = client.call('wait', gate.args);
      await gate.begun();
      return async () => [(await call).message.error?.code];
    },
  ],
  [
    'on a stream',
    async () => {
      const client = new ModernClient(test.url);
      const params = { name: 'stepwise', arguments: { before: 1, after: 1 }, _meta: { progressToken: 1 } };
      const events = await client.events('tools/call', params);
      await events.next();
      return async () => {
        await until(() => events.closed, 'the end of the stream');
        return [events.messages.at(-1).error?.code];
      };
    },
  ],
];

const MODERN_ASKED: [string, Moment][] = [
  [
    'while the call is parked',
    async () => {
      const client = new ModernClient(test.url, 'alice', { sampling: {} });
      const { message } = await client.call('ask');
      const { requestState, inputRequests } = message.result;
      const [key = ''] = Object.keys(inputRequests);
      return async () => {
        const inputResponses = { [key]: SAMPLED };
        const again = await client.call('ask', {}, { requestState, inputResponses });
        return [again.message.error?.code];
      };
    },
  ],
  [
    'in the second round',
    async () => {
      const client = new ModernClient(test.url, 'alice', { elicitation: {}, sampling: {} });
      const { message } = await client.call('askBoth');
      const { requestState, inputRequests } = message.result;
      const [first = ''] = Object.keys(inputRequests);
      const inputResponses = { [first]: { action: 'decline' } };
      const second = await client.call('askBoth', {}, { requestState, inputResponses });
      const left = second.message.result;
      return async () => {
        const [other = ''] = Object.keys(left.inputRequests);
        const more = { requestState: left.requestState, inputResponses: { [other]: SAMPLED } };
        return [(await client.call('askBoth', {}, more)).message.error?.code];
      };
    },
  ],
];

describe.each(MODELS)('with a child for each %s', (model) => {
  const asked = model !== 'shared';
  const legacy = [...LEGACY, ...(asked ? [LEGACY_ASKED] : [])];
  const modern = [...MODERN, ...(asked ? MODERN_ASKED : [])];

  it.each(legacy)('a session’s server dies %s', async (_name, begin) => {
    await start(model);
    const told = await begin();
    killServer();
    expect(await told()).toEqual([-32000]);
    const next = await session();
    expect(await next.tool('echo', { text: 'on' })).toBe('on');
  });

  it.each(legacy)('the proxy ends %s of a session’s', async (_name, begin) => {
    await start(model);
    const told = await begin();
    const ended = endProxy();
    expect(await told()).toEqual([-32000]);
    await ended;
    expect([test.proxy.stats(), processesWith(marker)]).toEqual([{ sessions: 0, children: 0 }, []]);
  });

  it.each(modern)('the server of a call without a session dies %s', async (_name, begin) => {
    await start(model);
    const told = await begin();
    killServer();
    expect([-32000, -32602]).toContain((await told())[0]);
    expect(await new ModernClient(test.url).tool('echo', { text: 'on' })).toBe('on');
  });

  it.each(modern)('the proxy ends %s without a session', async (_name, begin) => {
    await start(model);
    const told = await begin();
    const ended = endProxy();
    expect([-32000, -32602]).toContain((await told())[0]);
    await ended;
    expect([test.proxy.stats(), processesWith(marker)]).toEqual([{ sessions: 0, children: 0 }, []]);
  });
});
