import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createEventIds } from '../../../runtime/remote/answers/event-ids.ts';
import { EventStreamRewriter, EventTooLongError } from '../../../runtime/remote/answers/event-stream.ts';

const asIs = { id: (id: string) => id, message: (text: string) => text };

function through(chunks: Buffer[]): string {
  const rewriter = new EventStreamRewriter(asIs, 1_000_000);
  return chunks.map((chunk) => rewriter.push(chunk)).join('');
}

test('wherever the stream is cut, and however its lines end, the events are the same', () => {
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
  const event = fc.record({
    id: fc.option(fc.stringMatching(/^[a-z0-9]{1,5}$/)),
    data: fc.array(fc.stringMatching(/^[äa{}:"0-9 ]*$/), { minLength: 1, maxLength: 3 }),
  });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 5 }),
      lineEnd,
      fc.array(fc.nat(60), { maxLength: 8 }),
      (events, end, cuts) => {
        const lines = (newline: string) =>
          events
            .map(({ id, data }) =>
              [...(id === null ? [] : [`id: ${id}`]), ...data.map((line) => `data: ${line}`), '', ''].join(
                newline,
              ),
            )
            .join('');
        const bytes = Buffer.from(lines(end));
        const chunks: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) chunks.push(bytes.subarray(at, (at += cut)));
        chunks.push(bytes.subarray(at));
        const expected = lines('\n');
        expect(through(chunks)).toBe(expected.replace(/data: ?\n/g, 'data: \n'));
      },
    ),
  );
});

test('the bound is of an event, however it is cut', () => {
  const data = 'x'.repeat(80);
  const push = (chunks: string[]) => {
    const rewriter = new EventStreamRewriter(asIs, 100);
    return chunks.map((chunk) => rewriter.push(Buffer.from(chunk))).join('');
  };
  expect(push(['data: ', data.slice(0, 40), data.slice(40), '\n', '\n'])).toBe(`data: ${data}\n\n`);
  expect(() => push(['data: ', data, data.slice(0, 20), '\n'])).toThrow(EventTooLongError);
  expect(() => push([`data: ${data}\n`, `data: ${data.slice(0, 20)}\n`])).toThrow(EventTooLongError);
});

test('only the feed right behind a return belongs to it', () => {
  expect(through(['data: a\r', '\n', '\n'].map((text) => Buffer.from(text)))).toBe('data: a\n\n');
});

test('an id is worth something to its owner alone', () => {
  const ids = createEventIds(Buffer.alloc(32));
  const sealed = ids.seal('a_1 b', 'alice') ?? '';
  expect(ids.open(sealed, 'alice')).toBe('a_1 b');
  expect(ids.open(sealed, 'bob')).toBeUndefined();
  expect(ids.open(`${sealed}x`, 'alice')).toBeUndefined();
  expect(createEventIds().open(sealed, 'alice')).toBeUndefined();
  for (const id of ['', ' a', 'a\n', 'é', 'x'.repeat(1025)]) expect(ids.seal(id, 'alice')).toBeUndefined();
});
