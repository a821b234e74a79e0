/**
 * Ties each MUST of the specifications that apply to the tests that fail without it: `<specification>.yaml` beside this
 * file. A line without a test, or with one that is no longer there, breaks.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { titlesOf } from './titles.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const tests = fileURLToPath(new URL('..', import.meta.url));

const row = z
  .strictObject({
    /** The section. */
    at: z.string().min(1),
    /** The rule, in the words of the specification as far as they are short. */
    must: z.string().min(1),
    /** `path below tests/ > title`. */
    tests: z.array(z.string()).min(1).optional(),
    /** Why the rule binds nobody here. */
    notApplicable: z.string().min(10).optional(),
  })
  .refine(({ tests, notApplicable }) => (tests === undefined) !== (notApplicable === undefined), {
    error: 'a row has either tests or a reason why none applies',
  });
const manifest = z.strictObject({ specification: z.string(), musts: z.array(row).min(1) });

const titles = new Map<string, ReadonlySet<string>>();

/** @returns what is wrong with a reference to a test; undefined when it is there */
function faultOf(reference: string): string | undefined {
  const mark = reference.indexOf(' > ');
  const [path, title] = [reference.slice(0, mark), reference.slice(mark + 3)];
  if (mark < 0) return `${reference}: write "path > title"`;
  if (!existsSync(tests + path)) return `${path} does not exist`;
  const known = titles.get(path) ?? new Set(titlesOf(readFileSync(tests + path, 'utf8')));
  titles.set(path, known);
  return known.has(title) ? undefined : `${path} has no test “${title}”`;
}

const files = readdirSync(here).filter((name) => name.endsWith('.yaml'));

describe.each(files.map((file) => [basename(file, '.yaml'), file]))('the rules of %s', (_name, file) => {
  const { musts } = manifest.parse(parse(readFileSync(here + file, 'utf8')));

  it('have a test each, which is there, or a reason', () => {
    expect(
      musts.flatMap((rule) => (rule.tests ?? []).map(faultOf)).filter((fault) => fault !== undefined),
    ).toEqual([]);
  });

  it('stand here once', () => {
    const keys = musts.map(({ at, must }) => `${at}: ${must}`);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    for (const rule of musts) expect(new Set(rule.tests).size).toBe(rule.tests?.length ?? 0);
  });
});

describe('the manifest', () => {
  it('would notice a test that is gone, a file that is gone, and a row without a test', () => {
    expect(faultOf('musts/musts.test.ts > stand here once')).toBeUndefined();
    expect(faultOf('musts/musts.test.ts > stand here twice')).toContain('has no test');
    expect(faultOf('musts/gone.test.ts > x')).toContain('does not exist');
    expect(row.safeParse({ at: '1', must: 'MUST' }).success).toBe(false);
  });

  it('takes no skipped test for one', () => {
    expect(
      titlesOf("it('a', f); it.skip('b', f); it.todo('c'); it.each([1])('d', f); test('e', f); x.it('g', f)"),
    ).toEqual(['a', 'd', 'e']);
  });
});
