import { describe, expect, it } from 'vitest';
import {
  MAX_REMEMBERED_CHARACTERS,
  UserEchoes,
  createEchoMemory,
} from '../../../runtime/services/echo/echo-memory.ts';

describe('createEchoMemory', () => {
  it('keeps the last message', () => {
    const memory = createEchoMemory();
    expect(memory.recall()).toBeUndefined();
    memory.remember('a', 1);
    memory.remember('b', 2);
    expect(memory.recall()).toEqual({ message: 'b', length: 1, atMs: 2 });
  });

  it('keeps no more than the beginning of a long one', () => {
    const memory = createEchoMemory();
    memory.remember('x'.repeat(MAX_REMEMBERED_CHARACTERS + 5), 1);
    expect(memory.recall()?.message).toHaveLength(MAX_REMEMBERED_CHARACTERS);
    expect(memory.recall()?.length).toBe(MAX_REMEMBERED_CHARACTERS + 5);
  });
});

describe('UserEchoes', () => {
  it('keeps users apart, forgets with time, and forgets the oldest when full', () => {
    let now = 0;
    const echoes = new UserEchoes({ maxUsers: 2, idleSeconds: 10 }, () => now);
    const say = (user: string) => echoes.of(user).remember(`of ${user}`, now);
    say('a');
    now = 1000;
    say('b');
    expect(echoes.of('a').recall()?.message).toBe('of a');
    expect(echoes.of('b').recall()?.message).toBe('of b');
    say('a');
    say('c');
    expect(echoes.of('b').recall()).toBeUndefined();
    expect(echoes.of('a').recall()?.message).toBe('of a');
    now = 11_000;
    expect(echoes.of('a').recall()).toBeUndefined();
    expect(echoes.size).toBe(0);
  });
});
