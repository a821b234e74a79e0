import { afterEach, describe, expect, it } from 'vitest';
import { Child } from '../../../runtime/proxy/child/child.ts';
import type { RpcRequest } from '../../../runtime/proxy/messages/json-rpc.ts';
import { DEFAULT_LIMITS, type ProxyLimits } from '../../../runtime/proxy/limits.ts';
import type { PeerHandlers, RpcNotification, RpcResponse } from '../../../runtime/proxy/peer/peer-types.ts';
import { Peer } from '../../../runtime/proxy/peer/peer.ts';
import { answerLine, progressLine, requestLine } from '../../../runtime/proxy/peer/rewrite.ts';
import {
  fixtureCommand,
  recordingLogger,
  until,
  type LogEntry,
  type Loose,
} from '../../helpers/stdio-proxy.ts';

const handshake = {
  protocolVersion: '2025-11-25',
  capabilities: { sampling: {} },
  clientInfo: { name: 'peer', version: '1' },
};
const GRACES = { stdinGraceMs: 500, termGraceMs: 500 };

let logs: LogEntry[] = [];
const peers: Peer[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.end('over', GRACES)));
  logs = [];
});

interface Options {
  limits?: Partial<ProxyLimits>;
  handlers?: PeerHandlers;
  now?: () => number;
}

function create(args: string[] = [], { limits, handlers, now = Date.now }: Options = {}): Peer {
  const all = { ...DEFAULT_LIMITS, ...limits };
  const logger = recordingLogger(logs);
  const shared = { logger, logFields: { user: 'alice' }, now };
  const options = { service: 'fixture', limits: all, ...shared };
  const childOptions = { maxMessageBytes: all.maxMessageBytes, ...shared };
  const peer = new Peer((to) => new Child(fixtureCommand(args), childOptions, to), options, handlers);
  peers.push(peer);
  return peer;
}

async function open(args: string[] = [], options: Options = {}): Promise<Peer> {
  const peer = create(args, options);
  await peer.initialize(handshake);
  return peer;
}

const request = (id: string | number, name: string, args: object = {}, meta?: object): RpcRequest => ({
  kind: 'request',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) },
});

interface Answered {
  message: RpcResponse;
  text: string;
  progress: RpcNotification[];
}

function call(peer: Peer, asked: RpcRequest): Promise<Answered> {
  const progress: RpcNotification[] = [];
  return new Promise((resolve) => {
    peer.call(asked, {
      onAnswer: (message, line) => resolve({ message, text: line.toString(), progress }),
      onProgress: (message, line) => {
        expect(JSON.parse(line.toString())).toMatchObject({ params: message.params });
        progress.push(message);
      },
    });
  });
}

const textOfResult = ({ message }: Answered): string => (message.result as Loose).content[0].text;

describe('a peer', () => {
  it('does the handshake once for all', async () => {
    const peer = await open();
    expect(peer.initialized).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'fixture' },
    });
    const first = JSON.parse(textOfResult(await call(peer, request(1, 'lines')))).first;
    expect(JSON.parse(first)).toMatchObject({ method: 'initialize', params: handshake });
    expect(textOfResult(await call(peer, request(2, 'seen')))).toContain('notifications/initialized');
  });

  it('gives each of two callers with one id its own answer, under that id', async () => {
    const peer = await open();
    const answers = await Promise.all([
      call(peer, request('x', 'sleep', { ms: 30 })),
      call(peer, request('x', 'echo', { text: 'second' })),
      call(peer, request(1, 'echo', { text: 'third' })),
    ]);
    expect(answers.map(textOfResult)).toEqual(['slept', 'second', 'third']);
    expect(answers.map(({ text }) => JSON.parse(text).id)).toEqual(['x', 'x', 1]);
    expect(peer.pendingCalls).toBe(0);
  });

  it('gives progress to its own call, under the token of its caller', async () => {
    const peer = await open();
    const answers = await Promise.all([
      call(peer, request(1, 'progress', { count: 2 }, { progressToken: 'token' })),
      call(peer, request(2, 'progress', { count: 1 }, { progressToken: 'token' })),
      call(peer, request(3, 'progress', { count: 1 })),
    ]);
    expect(answers.map(({ progress }) => progress.map(({ params }) => params))).toEqual([
      [
        { progressToken: 'token', progress: 1, total: 2 },
        { progressToken: 'token', progress: 2, total: 2 },
      ],
      [{ progressToken: 'token', progress: 1, total: 1 }],
      [],
    ]);
  });

  it('sends a line that was written already, with another id', async () => {
    const peer = await open();
    const asked = request('é"', 'lines');
    const { id, method, params } = asked;
    const members = { id, method, params };
    const line = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...members })}\n`);
    const seen = await new Promise<string>((resolve) => {
      peer.call(asked, { onAnswer: ({ result }) => resolve((result as Loose).content[0].text) }, line);
    });
    expect(JSON.parse(JSON.parse(seen).current)).toEqual({ jsonrpc: '2.0', ...members, id: 2 });
  });

  it('cancels a call in the child, by the id that the child knows', async () => {
    const peer = await open();
    let answered = false;
    const pending = peer.call(request('mine', 'sleep', { ms: 20 }), { onAnswer: () => (answered = true) });
    pending.cancel('No more.');
    pending.cancel('Again.');
    await call(peer, request(1, 'sleep', { ms: 40 }));
    expect(answered).toBe(false);
    const seen = JSON.parse(textOfResult(await call(peer, request(2, 'seen'))));
    const cancelled = seen.filter(({ method }: Loose) => method === 'notifications/cancelled');
    expect(cancelled).toEqual([
      { method: 'notifications/cancelled', params: { requestId: 2, reason: 'No more.' } },
    ]);
  });

  it("hands the child's requests to its owner, who answers once", async () => {
    const peer = await open([], {
      handlers: {
        onRequest: ({ id, method }) => {
          queueMicrotask(() => {
            expect(peer.respond(id, { result: { asked: method } })).toBe(true);
            expect(peer.respond(id, { result: {} })).toBe(false);
          });
          return true;
        },
      },
    });
    const answer = await call(peer, request(1, 'ask'));
    expect(textOfResult(answer)).toBe('{"asked":"sampling/createMessage"}');
    expect(peer.respond('made up', { result: {} })).toBe(false);
  });

  it('refuses requests that nobody takes and answers pings itself', async () => {
    const peer = await open(['--ping-init']);
    const answer = await call(peer, request(1, 'askWhat', { method: 'elicitation/create' }));
    expect(JSON.parse(textOfResult(answer))).toMatchObject({ error: { code: -32601 } });
  });

  it('refuses more requests than may wait', async () => {
    const peer = await open([], { limits: { maxPendingCalls: 1 }, handlers: { onRequest: () => true } });
    void call(peer, request(1, 'ask'));
    const answer = await call(peer, request(2, 'askWhat', { method: 'sampling/createMessage' }));
    expect(textOfResult(answer)).toContain('wait for an answer already');
  });

  it('tells its owner what belongs to no call', async () => {
    const told: string[] = [];
    const peer = await open([], { handlers: { onNotification: ({ method }) => void told.push(method) } });
    await call(peer, request(1, 'log'));
    await call(peer, request(2, 'lateProgress'));
    await call(peer, request(3, 'listChanged'));
    await until(() => told.length === 2, 'two notifications');
    expect(told).toEqual(['notifications/message', 'notifications/tools/list_changed']);
  });

  it('answers a call whose answer is too long, and arrays', async () => {
    const peer = await open([], { limits: { maxMessageBytes: 100_000 } });
    const { message } = await call(peer, request('big', 'big', { bytes: 200_000 }));
    expect(message).toMatchObject({ id: 'big', error: { message: expect.stringContaining('100000') } });
    expect(textOfResult(await call(peer, request('b', 'batch')))).toBe('in an array');
  });

  it('survives noise and answers to nobody', async () => {
    const peer = await open();
    expect(textOfResult(await call(peer, request(1, 'noise')))).toBe('noisy');
    expect(logs.filter(({ level }) => level === 'warn').length).toBeGreaterThan(1);
  });

  it('tells pending and later calls, and its owner once, that the child is gone', async () => {
    const reasons: string[] = [];
    const peer = await open([], { handlers: { onEnd: (reason) => void reasons.push(reason) } });
    const [waiting, crashed] = await Promise.all([
      call(peer, request(1, 'silent')),
      call(peer, request(2, 'crash')),
    ]);
    const gone = "The server of 'fixture' exited with code 3.";
    expect([waiting.message.error, crashed.message.error]).toMatchObject([
      { message: gone },
      { message: gone },
    ]);
    expect((await call(peer, request(3, 'echo'))).message).toMatchObject({ id: 3, error: { message: gone } });
    await peer.end();
    expect(reasons).toEqual([gone]);
    expect(peer.ended).toBe(true);
  });

  it('knows how long it has been idle', async () => {
    let now = 1000;
    const peer = await open([], { now: () => now });
    const waiting = call(peer, request(1, 'sleep', { ms: 10 }));
    now = 5000;
    expect(peer.idleMs(now)).toBe(0);
    await waiting;
    expect(peer.idleMs(7000)).toBe(2000);
  });
});

describe('a child that does not initialize', () => {
  it.each([
    ['--refuse-init', 502, 'refused to initialize'],
    ['--exit-on-init', 502, 'exited with code 1 before it answered initialize'],
    ['--silent-init', 504, 'did not answer initialize within 0.2 s'],
  ])('%s: it is ended and the caller told why', async (flag, status, text) => {
    const peer = create([flag], {
      limits: { initializeTimeoutSeconds: flag === '--silent-init' ? 0.2 : 60 },
    });
    const error = await peer.initialize(handshake).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'PeerError', status, message: expect.stringContaining(text) });
    expect(peer.ended).toBe(true);
  });
});

describe('ids in bytes', () => {
  const exact = '"result":{"_meta":{"id":7,"exact":12345678901234567890},"text":",\\"id\\":7}"}';
  it.each([
    `{"jsonrpc":"2.0","id":7,${exact}}`,
    `{"id":7,"jsonrpc":"2.0",${exact}}`,
    `{${exact},"jsonrpc":"2.0","id":7}`,
    `{${exact},"id":7,"jsonrpc":"2.0"}`,
    `{ "jsonrpc" : "2.0", ${exact}, "id" : 7, "other": 1 }`,
  ])('are restored in %s', (text) => {
    const restored = answerLine(Buffer.from(text), 7, 'a "b"')?.toString() ?? '';
    expect(JSON.parse(restored)).toEqual({ ...JSON.parse(text), id: 'a "b"' });
    expect(restored).toContain('12345678901234567890');
  });

  it('are not sought where a nested member ends like them', () => {
    const text = '{"id": 7,"result":{"id":7}}';
    expect(JSON.parse(answerLine(Buffer.from(text), 7, 1)?.toString() ?? '')).toEqual({
      id: 1,
      result: { id: 7 },
    });
  });

  it('leave the rest of progress as it is', () => {
    const text = '{"method":"p","params":{"progressToken":1,"progress":12345678901234567890},"x":1}';
    const message = { kind: 'notification', method: 'p', params: {} } as const;
    expect(progressLine(message, Buffer.from(text), 't')?.toString()).toBe(
      '{"method":"p","params":{"progressToken":"t","progress":12345678901234567890},"x":1}',
    );
  });

  it('and a progress token become one number in a request', () => {
    const line = requestLine(request('a', 'echo', {}, { progressToken: 't', other: 1 }), 5, 't').toString();
    expect(JSON.parse(line)).toMatchObject({ id: 5, params: { _meta: { progressToken: 5, other: 1 } } });
    expect(line.endsWith('\n')).toBe(true);
  });
});
