import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, type ProxyLimits } from '../../../runtime/proxy/limits.ts';
import type { RpcId, RpcMessage } from '../../../runtime/proxy/messages/json-rpc.ts';
import { Calls } from '../../../runtime/proxy/session/calls.ts';
import { ReplayBudget } from '../../../runtime/proxy/streams/replay.ts';
import { ServerMessages } from '../../../runtime/proxy/streams/server-messages.ts';

/** A reply that takes everything. */
class Res extends EventEmitter {
  writableEnded = false;
  destroyed = false;
  writableLength = 0;
  readonly said: string[] = [];
  writeHead(): void {}
  flushHeaders(): void {}
  write(bytes: Buffer | string): boolean {
    this.said.push(bytes.toString());
    return true;
  }
  end(): void {
    this.writableEnded = true;
  }
}

function messagesOf(limits: Partial<ProxyLimits> = {}) {
  const replays = new ReplayBudget(1000);
  const dropped: RpcId[] = [];
  const messages = new ServerMessages({
    ...{ calls: new Calls(), limits: { ...DEFAULT_LIMITS, ...limits }, now: () => 0, replays },
    version: () => '2025-11-25',
    onDropped: (id) => void dropped.push(id),
  });
  const says = (method: string, id?: RpcId): void => {
    const message = { kind: id === undefined ? 'notification' : 'request', id, method, params: undefined };
    const line = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, method }));
    messages.route(message as Exclude<RpcMessage, { kind: 'response' }>, line);
  };
  const listen = (): Res => {
    const res = new Res();
    messages.listen(res as unknown as ServerResponse, undefined);
    return res;
  };
  return { messages, replays, dropped, says, listen };
}

describe('what a server says on its own', () => {
  it('gives the room that it had in the end back to the other sessions', () => {
    const { messages, replays, says, listen } = messagesOf();
    listen();
    says('notifications/tools/list_changed');
    messages.openStream(new Res() as unknown as ServerResponse, { collects: true });
    expect(replays.bytes).toBeGreaterThan(0);
    messages.end();
    expect(replays.bytes).toBe(0);
  });

  it('may be answered as long as so many later questions have not come, and once', () => {
    const { messages, says, listen } = messagesOf({ maxPendingCalls: 2 });
    listen();
    for (const id of [1, 2, 3]) says('roots/list', id);
    expect([1, 2, 3, 3, 4].map((id) => messages.takeAnswer(id))).toEqual([false, true, true, false, false]);
  });

  it('waits for a stream of the client’s, or with a question among it for the next call', () => {
    const { messages, says } = messagesOf();
    const call: string[] = [];
    const sink = { send: (line: Buffer) => call.push(line.toString()) > 0 };
    says('notifications/tools/list_changed');
    messages.offer(sink);
    expect(call).toEqual([]);
    says('roots/list', 'a');
    messages.offer(sink);
    expect(call.map((text) => (JSON.parse(text) as { method: string }).method)).toEqual([
      'notifications/tools/list_changed',
      'roots/list',
    ]);
    messages.offer(sink);
    expect(call).toHaveLength(2);
  });
});
