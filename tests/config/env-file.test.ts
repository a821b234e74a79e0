import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  envLine,
  expansions,
  parseEnvFile,
  UnwritableValueError,
  updateEnvFile,
  writable,
} from '../../runtime/config/env-file.ts';
import { docker, noDocker } from '../cli/support/docker.ts';
import { temporaryFolder } from '../cli/support/run-init.ts';

const names = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,12}$/);
/** Rich in what parsers treat as special. */
const values = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(...'ab1 #$"`\\{}=:!@%&*;,.\t'), maxLength: 24 }),
    fc.string({ unit: 'binary', maxLength: 16 }),
    fc.string({ maxLength: 24 }),
  )
  .filter(writable);

describe('what envLine writes', () => {
  test('our reader and Node read back', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, values), { selector: ([name]) => name, maxLength: 6 }),
        (pairs) => {
          const text = pairs.map(([name, value]) => `${envLine(name, value)}\n`).join('');
          const written = Object.fromEntries(pairs);
          expect(parseEnvFile(text)).toEqual(written);
          expect({ ...parseEnv(text) }).toEqual(written);
          expect(expansions(text)).toEqual([]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  const reason = noDocker('compose');
  test.skipIf(reason !== undefined)(
    `Compose reads back${reason === undefined ? '' : ` (skipped: ${reason})`}`,
    () => {
      const sample = fc.sample(values, { numRuns: 400, seed: 42 });
      const folder = temporaryFolder();
      mkdirSync(folder, { recursive: true });
      const env = sample.map((value, index) => `${envLine(`V${index}`, value)}\n`).join('');
      writeFileSync(join(folder, '.env'), env);
      const lines = sample.map((_, index) => `      V${index}: "\${V${index}}"`).join('\n');
      writeFileSync(
        join(folder, 'compose.yaml'),
        `services:\n  a:\n    image: a\n    environment:\n${lines}\n`,
      );
      const { stdout, stderr } = docker(
        ['compose', 'config', '--format', 'json', '--no-path-resolution'],
        folder,
      );
      expect(stderr).toBe('');
      const { services } = JSON.parse(stdout) as { services: { a: { environment: Record<string, string> } } };
      const read = sample.map((_, index) => services.a.environment[`V${index}`]?.replaceAll('$$', '$'));
      expect(read).toEqual(sample);
    },
  );

  test('is refused where readers would differ', () => {
    for (const value of ["it's", 'two\nlines', 'a\r', 'ends in \\', 'bell\u0007', '\ud800']) {
      expect(() => envLine('KEY', value)).toThrow(UnwritableValueError);
    }
  });
});

describe('parseEnvFile', () => {
  test.each([
    ['A=1\nA=2', { A: '2' }],
    ['export A=x', { A: 'x' }],
    ['  A = x  ', { A: 'x' }],
    ['A=x # note', { A: 'x' }],
    ['A=x#y', { A: 'x#y' }],
    ['A= # only a comment', { A: '' }],
    ["A='x # y' # note", { A: 'x # y' }],
    ['A="x\\ny"', { A: 'x\ny' }],
    ['A="one\ntwo=2"\nB=3', { A: 'one\ntwo=2', B: '3' }],
    ["A='one\ntwo=2'\nB=3", { A: 'one\ntwo=2', B: '3' }],
    ['# A=1\n\nnonsense\nB=', { B: '' }],
    ['\ufeffA=1\r\nB=2\r\n', { A: '1', B: '2' }],
  ])('%j', (text, expected) => {
    expect(parseEnvFile(text)).toEqual(expected);
  });

  test('names what Compose would expand', () => {
    expect(expansions('A=$B\nC=\'$D\'\nE="$F"\nG=x # $H\n')).toEqual(['A', 'E']);
  });
});

test.each(["A='b", 'A="b', "A='b\nB=c"])(
  'a quote that is never closed is refused, with its line: %j',
  (text) => {
    expect(() => parseEnvFile(`# first\n${text}\n`)).toThrow(
      /^A: line 2 of \.env opens a quote that is never closed/,
    );
    expect(() => updateEnvFile(`# first\n${text}\n`, {})).toThrow('never closed');
  },
);

describe('updateEnvFile', () => {
  test('replaces a value where it stands and keeps the rest of the file', () => {
    const before = '# mine\nA=1 # why\n\nexport B="two\nlines"\nMINE=x\nC=3\nC=4\n';
    const { text, missing } = updateEnvFile(before, { A: '9', B: 'b c', C: '5', D: '6' });
    expect(text).toBe("# mine\nA=9 # why\n\nB='b c'\nMINE=x\nC=3\nC=5\n");
    expect(missing).toEqual(['D']);
  });

  test('keeps Windows line ends', () => {
    expect(updateEnvFile('A=1\r\nB=2\r\n', { A: '3' }).text).toBe('A=3\r\nB=2\r\n');
  });

  test('leaves every line alone that says the same already', () => {
    const text = 'A="1"\n  B = x   # y\n';
    expect(updateEnvFile(text, { A: '1', B: 'x' }).text).toBe(text);
  });

  test('for any file: what is read afterwards are the new values and the untouched old ones', () => {
    const lines = fc.array(
      fc.oneof(
        fc.tuple(names, values).map(([name, value]) => envLine(name, value)),
        fc.tuple(names, values).map(([name, value]) => `${envLine(name, value)} # note`),
        fc.constantFrom('', '# comment', 'nonsense', 'X="a\nb"', "Y='c # d\n'"),
      ),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(lines, fc.dictionary(names, values, { maxKeys: 4 }), (before, updates) => {
        const text = before.join('\n');
        const old = parseEnvFile(text);
        const result = updateEnvFile(text, updates);
        const applied = Object.entries(updates).filter(([name]) => !result.missing.includes(name));
        expect(parseEnvFile(result.text)).toEqual({ ...old, ...Object.fromEntries(applied) });
        expect(result.missing).toEqual(Object.keys(updates).filter((name) => !(name in old)));
      }),
    );
  });
});
