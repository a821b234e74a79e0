import { afterEach, describe, expect, it } from 'vitest';
import { watchTexts, type Watch } from '../../runtime/policy/watch.ts';

let watch: Watch | undefined;
afterEach(() => watch?.close());

function start(intervalMs = 60_000) {
  const state = { text: 'one', underWay: [] as string[], unreadable: false };
  const applied: string[] = [];
  const errors: string[] = [];
  const ignore = () => undefined;
  watch = watchTexts({
    initial: 'one',
    intervalMs,
    settleMs: 0,
    logger: {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (fields) => errors.push((fields as { reason: string }).reason),
    },
    read: () => {
      if (state.unreadable) return Promise.reject(new Error('cannot be read'));
      return Promise.resolve(state.underWay.shift() ?? state.text);
    },
    apply: (text) => {
      if (text.startsWith('broken')) throw new Error(text);
      applied.push(text);
    },
  });
  return { state, applied, errors, check: watch.check };
}

describe('watchTexts', () => {
  it('applies a text when it has changed, and only then', async () => {
    const { state, applied, check } = start();
    await check();
    expect(applied).toEqual([]);
    state.text = 'two';
    await check();
    await check();
    expect(applied).toEqual(['two']);
  });

  it('keeps what held when a text is broken or cannot be read, and says so once', async () => {
    const { state, applied, errors, check } = start();
    state.text = 'broken two';
    await check();
    await check();
    state.unreadable = true;
    await check();
    await check();
    expect(errors).toEqual(['broken two', 'cannot be read']);
    Object.assign(state, { text: 'three', unreadable: false });
    await check();
    state.text = 'broken two';
    await check();
    expect(applied).toEqual(['three']);
    expect(errors).toEqual(['broken two', 'cannot be read', 'broken two']);
  });

  it('applies nothing of a text that is being written: an emptied policy would let everybody in', async () => {
    const { state, applied, check } = start();
    state.underWay = ['', 'two, half of it'];
    state.text = 'two, whole';
    await check();
    expect(applied).toEqual([]);
    await check();
    expect(applied).toEqual(['two, whole']);
    state.underWay = [''];
    await check();
    expect(applied).toEqual(['two, whole']);
  });

  it('looks by itself, and not any more when it is closed', async () => {
    const { state, applied } = start(1);
    state.text = 'two';
    await expect.poll(() => applied).toEqual(['two']);
    await watch?.close();
    state.text = 'three';
    await watch?.check();
    expect(applied).toEqual(['two']);
  });
});
