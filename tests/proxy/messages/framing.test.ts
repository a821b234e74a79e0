import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, toOneLine } from '../../../runtime/proxy/messages/framing.ts';

interface Seen {
  lines: string[];
  tooLong: { head: string; tail: string; bytes: number }[];
}

function split(chunks: Buffer[], maxBytes = 1000): Seen {
  const seen: Seen = { lines: [], tooLong: [] };
  const splitter = new LineSplitter(maxBytes, {
    onLine: (line) => seen.lines.push(line.toString('utf8')),
    onTooLong: (head, tail, bytes) =>
      seen.tooLong.push({ head: head.toString('utf8'), tail: tail.toString('utf8'), bytes }),
  });
  for (const chunk of chunks) splitter.push(chunk);
  splitter.flush();
  return seen;
}

function cut(bytes: Buffer, sizes: number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) chunks.push(bytes.subarray(at, (at += size)));
  return [...chunks, bytes.subarray(at)];
}

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(7)), (lines, sizes) => {
        expect(split(cut(Buffer.from(lines.map((each) => `${each}\n`).join('')), sizes)).lines).toEqual(
          lines,
        );
      }),
    );
  });

  it('takes CRLF, drops empty lines and delivers what has no newline', () => {
    expect(split([Buffer.from('a\r\n\n\r\nb\nc')]).lines).toEqual(['a', 'b', 'c']);
  });

  it('drops a line over the limit, keeps both of its ends, and goes on', () => {
    const seen = split(cut(Buffer.from(`ok\n{"id":1${'x'.repeat(5000)}end}\nafter\n`), [100, 700, 900, 1]));
    expect(seen.lines).toEqual(['ok', 'after']);
    expect(seen.tooLong).toHaveLength(1);
    expect(seen.tooLong[0]).toMatchObject({ bytes: 5011 });
    expect(seen.tooLong[0]?.head).toMatch(/^\{"id":1x/);
    expect(seen.tooLong[0]?.tail).toMatch(/xend\}$/);
  });

  it('delivers a line of exactly the limit', () => {
    const line = 'x'.repeat(1000);
    expect(split(cut(Buffer.from(`${line}\n`), [999])).lines).toEqual([line]);
    expect(split([Buffer.from(`${line}x\n`)]).tooLong).toHaveLength(1);
  });

  it('takes 10 MB in small chunks in linear time', () => {
    const chunk = Buffer.alloc(1024, 'x');
    // Joined anew for each chunk this would copy 50 GB, and the test would time out.
    const seen = split([...Array.from({ length: 10_240 }, () => chunk), Buffer.from('\n')], 20 * 1024 * 1024);
    expect(seen.lines[0]?.length).toBe(10 * 1024 * 1024);
  });
});

describe('toOneLine', () => {
  it('leaves no line break but the last', () => {
    const line = toOneLine(Buffer.from('{\r\n"a":\r1,\n"b":2}\r\n\n'));
    expect(line.toString()).toBe('{  "a": 1, "b":2}  \n');
  });
});
