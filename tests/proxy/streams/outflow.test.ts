/** Clients that read slowly or not at all. */
import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Outflow, OutflowBudget, UserOutflows } from '../../../runtime/proxy/streams/outflow.ts';
import { Events, RawClient, startProxy, until } from '../../helpers/stdio-proxy.ts';

const KB = 1024;

class Reply extends EventEmitter {
  writableLength: number;
  writableFinished = false;
  destroyed = false;
  stalled: (() => void) | undefined;
  constructor(bytes: number) {
    super();
    this.writableLength = bytes;
  }
  setTimeout(_ms: number, listener?: () => void): void {
    this.stalled = listener;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
  /** The client reads. */
  read(event: 'drain' | 'finish'): void {
    this.writableLength = 0;
    this.emit(event);
  }
}

function outflowOf(maxBufferedBytes: number, budget = new OutflowBudget(maxBufferedBytes)) {
  const waits: boolean[] = [];
  const wait = (each: boolean): void => void waits.push(each);
  const outflow = new Outflow({ budget, maxBufferedBytes, stallMs: 1, wait });
  const write = (bytes: number): Reply => {
    const reply = new Reply(bytes);
    outflow.note(reply as unknown as ServerResponse);
    return reply;
  };
  return { outflow, waits, write };
}

describe('what is unread', () => {
  it('makes the child wait until it is read', () => {
    const { outflow, waits, write } = outflowOf(3200 * KB);
    write(10 * KB);
    const replies = [write(150 * KB), write(150 * KB)];
    expect([waits, outflow.unreadBytes]).toEqual([[true], 300 * KB]);
    replies[0]!.read('drain');
    expect([waits, replies[0]!.stalled]).toEqual([[true, false], undefined]);
    replies[1]!.read('finish');
    expect([waits, outflow.unreadBytes]).toEqual([[true, false], 0]);
    expect(replies.flatMap((reply) => reply.eventNames())).toEqual([]);
  });

  it('is cut off where it is most when it is too much', () => {
    const { outflow, waits, write } = outflowOf(250 * KB);
    const replies = [write(300 * KB), write(600 * KB), write(200 * KB)];
    expect(replies.map((reply) => reply.destroyed)).toEqual([false, true, false]);
    expect([outflow.unreadBytes, waits]).toEqual([500 * KB, [true]]);
  });

  it('is cut off where it is most when it is too much for all together', () => {
    const budget = new OutflowBudget(250 * KB);
    const [hog, modest, other] = Array.from({ length: 3 }, () => outflowOf(250 * KB, budget));
    const replies = [hog!.write(900 * KB), modest!.write(200 * KB), other!.write(800 * KB)];
    expect(replies.map((reply) => reply.destroyed)).toEqual([false, false, false]);
    const last = modest!.write(200 * KB);
    expect([...replies, last].map((reply) => reply.destroyed)).toEqual([true, false, false, false]);
    expect([hog!.outflow.unreadBytes, modest!.outflow.unreadBytes]).toEqual([0, 400 * KB]);
  });

  it('is counted for each user where children are shared', () => {
    const users = new UserOutflows({
      budget: new OutflowBudget(250 * KB),
      maxBufferedBytes: 250 * KB,
      stallMs: 1,
    });
    const replies = ['a', 'a', 'b'].map((user) => {
      const reply = new Reply(600 * KB);
      users.note(user, reply as unknown as ServerResponse);
      return reply;
    });
    expect(replies.map((reply) => reply.destroyed)).toEqual([true, false, false]);
    expect(users.size).toBe(2);
    for (const reply of replies.slice(1)) reply.read('drain');
    expect(users.size).toBe(0);
  });

  it('is cut off when nothing of it is read', () => {
    const { outflow, waits, write } = outflowOf(1000 * KB);
    write(300 * KB).stalled?.();
    expect([outflow.unreadBytes, waits]).toEqual([0, [true, false]]);
  });
});

describe('a client', () => {
  it('that reads late gets all of it, though it is more than may be unread', async () => {
    const test = await startProxy({ limits: { maxBufferedBytes: 1_000_000 } });
    const client = new RawClient(test.url);
    await client.initialize();
    const stream = await client.send('GET', undefined, { accept: 'text/event-stream' });
    const other = new RawClient(test.url, 'bob');
    await other.initialize();
    const flood = client.post(client.call('flood', { lines: 20_000 }));
    // Others go on, while this one's server waits.
    for (let i = 0; i < 50; i += 1) expect(await other.tool('echo', { text: `${i}` })).toBe(`${i}`);
    const events = new Events(stream);
    await events.next(19_999);
    expect(events.messages.map(({ params }) => params.uri)).toEqual(
      Array.from({ length: 20_000 }, (_each, i) => `test://${i}`),
    );
    expect((await flood).status).toBe(200);
    await events.cancel();
    await test.close();
  });

  it('that reads nothing for a while makes its server wait, and then gets all', async () => {
    const test = await startProxy({ limits: { maxBufferedBytes: 1_000_000 } });
    const client = new RawClient(test.url);
    await client.initialize();
    const socket = connect(Number(new URL(test.url).port), '127.0.0.1');
    const headers = Object.entries({ ...client.headers, host: 'x', accept: 'text/event-stream' });
    socket.write(`GET /mcp HTTP/1.1\r\n${headers.map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`);
    await once(socket, 'readable');
    const flood = client.post(client.call('flood', { lines: 20_000 }));
    let [before, still] = [0, 0];
    await until(() => {
      const { read } = test.proxy.childStats().bytes;
      still = read > 1_000_000 && read === before ? still + 1 : 0;
      before = read;
      return still > 20;
    }, 'the server waits');
    // All of it would be 20 MB.
    expect(before).toBeLessThan(19_000_000);
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    expect((await flood).status).toBe(200);
    await until(() => text.includes('"uri":"test://19999"'), 'the last of it');
    expect(text.match(/^data: \{/gm)).toHaveLength(20_000);
    socket.destroy();
    await test.close();
  });

  it('that never reads is cut off, and its session goes on', async () => {
    const test = await startProxy({ limits: { maxBufferedBytes: 1_000_000, stallSeconds: 0.2 } });
    const client = new RawClient(test.url);
    await client.initialize();
    await client.send('GET', undefined, { accept: 'text/event-stream' });
    expect(await client.tool('flood', { lines: 20_000 })).toBe('flooded');
    expect(await client.tool('echo', { text: 'on' })).toBe('on');
    await test.close();
  });
});
