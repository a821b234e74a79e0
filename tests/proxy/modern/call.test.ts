import { describe, expect, it } from 'vitest';
import type { CallerContext } from '../../../runtime/config/context.ts';
import { ModernCall, type Round } from '../../../runtime/proxy/modern/call.ts';
import type { PooledPeer } from '../../../runtime/proxy/modern/places/pooled-peer.ts';
import type { Reply } from '../../../runtime/proxy/modern/reply.ts';
import { Results } from '../../../runtime/proxy/modern/results.ts';
import type { LogLevel } from '../../../runtime/proxy/messages/log-level.ts';
import type { RpcId, RpcRequest } from '../../../runtime/proxy/messages/json-rpc.ts';
import type { CallHandlers } from '../../../runtime/proxy/peer/peer-types.ts';
import { until, type Loose } from '../../helpers/stdio-proxy.ts';

const ELICITED = { action: 'accept', content: {} };

/** A call to a child that does what the test says. */
function begun(logLevel?: LogLevel) {
  const given: unknown[] = [];
  const cancelled: string[] = [];
  const handlers: CallHandlers[] = [];
  const rounds: { sent: Loose[]; answer?: Loose }[] = [];
  const pooled = {
    peer: {
      call: (request: RpcRequest, own: CallHandlers) => {
        handlers.push(own);
        return { request, id: 7, cancel: (reason: string) => void cancelled.push(reason) };
      },
    },
    respond: (id: RpcId, result: unknown) => void given.push([id, result]),
    results: new Results(undefined),
  } as unknown as PooledPeer;
  const round = (id: RpcId, more: object = {}): Round => {
    const own: (typeof rounds)[number] = { sent: [] };
    rounds.push(own);
    const reply = {
      send: (line: Buffer) => void own.sent.push(JSON.parse(line.toString())),
      answer: (line: Buffer) => void (own.answer = JSON.parse(line.toString())),
    };
    return {
      caller: { sub: 'alice' } as CallerContext,
      request: { kind: 'request', id, method: 'tools/call', params: { name: 't', ...more } },
      envelope: { version: '2026-07-28', capabilities: { elicitation: {} }, logLevel },
      reply: reply as unknown as Reply,
    };
  };
  const first = round('first');
  const call = new ModernCall(first, pooled, { park: () => 'state', over: () => undefined });
  call.start(first.request);
  const asks = (id: RpcId): boolean => {
    const message: RpcRequest = {
      kind: 'request',
      id,
      method: 'elicitation/create',
      params: { message: '' },
    };
    return call.asked(message, Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  };
  const tells = (method: string, params: Loose): void =>
    call.told({ kind: 'notification', method, params }, Buffer.from(JSON.stringify({ method, params })));
  const answers = (): void => {
    const line = Buffer.from('{"jsonrpc":"2.0","id":"first","result":{"content":[]}}');
    handlers[0]!.onAnswer({ kind: 'response', id: 'first', result: { content: [] } }, line);
  };
  const isAsked = async (index = 0): Promise<Loose> =>
    (await until(() => rounds[index]?.answer, 'the round ends')).result.inputRequests;
  return { call, round, rounds, given, cancelled, asks, tells, answers, isAsked };
}

describe('what the child asks during a call', () => {
  it('keeps the ids 1 and "1" apart, and each gets its own answer', async () => {
    const { call, round, given, asks, isAsked } = begun();
    expect([asks(1), asks('1')]).toEqual([true, true]);
    const keys = Object.keys(await isAsked());
    expect(keys).toEqual(['1', 'string:1']);
    const decline = { action: 'decline' };
    call.resume(round('second', { inputResponses: { [keys[0]!]: ELICITED, [keys[1]!]: decline } }));
    expect(given).toEqual([
      [1, ELICITED],
      ['1', decline],
    ]);
  });

  it('is not asked when the child takes it back at once', async () => {
    const { asks, tells, isAsked } = begun();
    asks('a');
    asks('b');
    tells('notifications/cancelled', { requestId: 'a' });
    expect(Object.keys(await isAsked())).toEqual(['b']);
  });

  it('is answered no more once the child took it back while the client thought', async () => {
    const { call, round, rounds, given, asks, tells, answers, isAsked } = begun();
    asks('a');
    await isAsked();
    tells('notifications/cancelled', { requestId: 'a' });
    answers();
    call.resume(round('second', { inputResponses: { a: ELICITED } }));
    expect(given).toEqual([]);
    expect(rounds[1]!.answer).toMatchObject({ id: 'second', result: { resultType: 'complete' } });
  });

  it('may be answered by the child itself, and the answer waits for the client', async () => {
    const { call, round, rounds, asks, answers, isAsked } = begun();
    asks('a');
    await isAsked();
    answers();
    expect(rounds[0]!.answer.result.resultType).toBe('input_required');
    call.resume(round('second'));
    expect(rounds[1]!.answer).toMatchObject({ id: 'second', result: { resultType: 'complete' } });
  });

  it('is asked of nobody once the call is over', () => {
    const { call, asks, cancelled, answers, rounds } = begun();
    call.abandon('gone');
    expect([asks('a'), cancelled]).toEqual([false, ['gone']]);
    answers();
    expect(rounds[0]!.answer).toBeUndefined();
  });
});

describe('what the child logs during a call', () => {
  const levels = ['debug', 'warning', 'error'];

  it.each<[LogLevel | undefined, string[]]>([
    [undefined, []],
    ['warning', ['warning', 'error']],
    ['debug', levels],
  ])('reaches a client that asked for %s as %j', (wanted, seen) => {
    const { tells, rounds } = begun(wanted);
    for (const level of levels) tells('notifications/message', { level, data: '' });
    expect(rounds[0]!.sent.map(({ params }: Loose) => params.level)).toEqual(seen);
  });
});
