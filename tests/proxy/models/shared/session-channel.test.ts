import { describe, expect, it, vi } from 'vitest';
import { lineOf } from '../../../../runtime/proxy/messages/framing.ts';
import type { RpcRequest } from '../../../../runtime/proxy/messages/json-rpc.ts';
import { SessionChannel } from '../../../../runtime/proxy/models/shared/session-channel.ts';
import type { SharedServer } from '../../../../runtime/proxy/models/shared/shared-server.ts';

/** A session's part of a server that never answers. */
function channelOf() {
  const [cancel, gaveUp, leave, onLine] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()];
  const server = {
    peer: { call: (request: RpcRequest) => ({ request, id: 1, cancel }) },
    members: { gaveUp },
    leave,
  };
  const handlers = { onLine, onTooLong: () => undefined, onEnd: () => undefined };
  const channel = new SessionChannel(server as unknown as SharedServer, handlers);
  const calls = (id: number): void =>
    channel.write(
      lineOf(JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 't' } })),
    );
  return { channel, calls, cancel, gaveUp, leave, onLine };
}

describe('the end of a session', () => {
  it('gives up its calls, so that what the server still asks is put to nobody else', async () => {
    const { channel, calls, cancel, gaveUp, leave } = channelOf();
    calls(1);
    calls(2);
    expect(channel.calls).toBe(2);
    await channel.end();
    expect([cancel.mock.calls.length, gaveUp.mock.calls, leave.mock.calls]).toEqual([
      2,
      [[channel]],
      [[channel]],
    ]);
    expect(channel.calls).toBe(0);
  });

  it('is noticed by nobody when nothing was under way', async () => {
    const { channel, gaveUp, onLine } = channelOf();
    await channel.end();
    channel.told({ kind: 'notification', method: 'notifications/x', params: undefined }, Buffer.from('{}'));
    expect([gaveUp.mock.calls, onLine.mock.calls]).toEqual([[], []]);
  });
});
