import { expect, test } from 'vitest';
import { envLine } from '../../runtime/config/env-file.ts';
import {
  hashPassphrase,
  isPassphrase,
  isPassphraseHash,
  passphraseProblem,
} from '../../runtime/config/passphrase.ts';

const PASSPHRASE = 'correct horse battery staple';
/** Of the right form: the checks of parameters hash nothing. */
const hashed = (n: number | string, r: number | string, p: number | string) =>
  `scrypt:${n}:${r}:${p}:${'s'.repeat(22)}:${'h'.repeat(43)}`;

test('a passphrase is known by its hash, which needs no quotes in .env and is another one each time', async () => {
  const hash = await hashPassphrase(PASSPHRASE);
  expect(isPassphraseHash(hash)).toBe(true);
  expect(envLine('PASSPHRASE_HASH', hash)).toBe(`PASSPHRASE_HASH=${hash}`);
  expect(hash).not.toContain('horse');
  expect(await hashPassphrase(PASSPHRASE)).not.toBe(hash);
  expect(await isPassphrase(PASSPHRASE, hash)).toBe(true);
  expect(await isPassphrase(` ${PASSPHRASE}\n`, hash)).toBe(true);
  expect(await isPassphrase('correct horse battery stapler', hash)).toBe(false);
  expect(await isPassphrase('x'.repeat(100_000), hash)).toBe(false);
});

test('it is the same on every keyboard', async () => {
  const hash = await hashPassphrase('Gewürztraminer bei Mondschein');
  expect(await isPassphrase('Gewu\u0308rztraminer bei Mondschein', hash)).toBe(true);
});

test.each([
  ['', 'at least 15'],
  ['short', 'at least 15'],
  ['              a              ', 'at least 15'],
  ['aaaaaaaaaaaaaaaaaaaa', 'too easy'],
  ['abcabcabcabcabcabc', 'too easy'],
  ['x y '.repeat(100), 'at most 256'],
])('%j will not do', (passphrase, problem) => {
  expect(passphraseProblem(passphrase)).toContain(problem);
});

test('a good one will do', () => {
  expect(passphraseProblem(PASSPHRASE)).toBeUndefined();
});

test.each(
  [
    ['', 'scrypt', PASSPHRASE, '$2b$12$abcdefghijklmnopqrstuuvwxyz'],
    [hashed(32768, 8, 3).slice(0, -1), `${hashed(32768, 8, 3)}x`, hashed('', 8, 3), hashed('1e5', 8, 3)],
    [hashed(32767, 8, 3), hashed(1, 8, 3), hashed(32768, 0, 3), hashed(32768, 8, 0)],
    // Too weak, too much memory, too much time.
    [hashed(1024, 8, 1), hashed(2 ** 20, 8, 1), hashed(32768, 8, 999)],
  ]
    .flat()
    .map((text) => [text] as const),
)('%j is no hash of one', async (text) => {
  expect(isPassphraseHash(text)).toBe(false);
  await expect(isPassphrase(PASSPHRASE, text)).rejects.toThrow('not one that mcpgw made');
});
