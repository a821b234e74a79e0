import { PassThrough } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RedisClient } from '../../runtime/store/redis/client.ts';
import { createEndOfTurn } from '../../runtime/store/redis/turn.ts';
import { createWriteTogether } from '../../runtime/store/redis/write-together.ts';

describe('the end of a turn', () => {
  it('does what was due in order, and what becomes due meanwhile as well', async () => {
    const atEndOfTurn = createEndOfTurn();
    const done: string[] = [];
    atEndOfTurn(() => {
      done.push('first');
      atEndOfTurn(() => done.push('third'));
    });
    atEndOfTurn(() => done.push('second'));
    expect(done).toEqual([]);
    await nextTurn();
    expect(done).toEqual(['first', 'second', 'third']);
    atEndOfTurn(() => done.push('next turn'));
    await nextTurn();
    expect(done.at(-1)).toBe('next turn');
  });
});

describe('commands of one turn', () => {
  it('are written when it ends, on the connection that they were sent on', async () => {
    const stream = new PassThrough();
    const client = { status: 'ready', stream } as unknown as RedisClient;
    const writeTogether = createWriteTogether(client, createEndOfTurn());
    writeTogether();
    stream.write('one ');
    writeTogether();
    stream.write('two');
    (client as { stream: unknown }).stream = new PassThrough();
    expect(stream.read()).toBeNull();
    await nextTurn();
    expect(String(stream.read())).toBe('one two');
    expect(stream.writableCorked).toBe(0);
  });
});
