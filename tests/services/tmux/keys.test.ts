import { describe, expect, it } from 'vitest';
import { key, literalChunks } from '../../../runtime/services/tmux/keys.ts';
import { plainWord } from '../../../runtime/services/tmux/tmux.ts';

describe('key', () => {
  it.each(['Enter', 'C-c', 'M-x', 'C-M-S-Left', 'F12', ';', '-', 'a', 'PageUp'])('takes %s', (name) => {
    expect(key.parse(name)).toBe(name);
  });
  it("knows people's names of tmux's", () => {
    expect(key.parse('C-Delete')).toBe('C-DC');
    expect(key.parse('Insert')).toBe('IC');
  });
  it.each(['', 'Enter; kill-server', 'ls', 'C-', 'F13', '-X', 'é', 'a\n', 'X-a'])('refuses %j', (name) => {
    expect(key.safeParse(name).success).toBe(false);
  });
});

describe('literalChunks', () => {
  it('loses nothing, and cuts no character', () => {
    const text = '🎉ä;'.repeat(3_000);
    const chunks = literalChunks(text);
    expect(chunks.join('')).toBe(text);
    expect(chunks.every((chunk) => Buffer.byteLength(chunk) < 9_000 && chunk.isWellFormed())).toBe(true);
  });
});

describe('plainWord', () => {
  it.each([
    ['a;', 'a\\;'],
    [';', '\\;'],
    ['a\\;', 'a\\\\;'],
    ['a;b', 'a;b'],
    ['', ''],
  ])('makes %j %j', (word, plain) => expect(plainWord(word)).toBe(plain));
});
