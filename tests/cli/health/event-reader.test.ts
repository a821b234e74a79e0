import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventReader } from '../../../cli/health/event-reader.ts';

describe('server-sent events', () => {
  it('are the same however the stream is cut, with every end of line', () => {
    const text =
      ': hello\nid: 1\ndata: {"a":"ü"}\n\nevent: x\r\ndata:one\r\ndata: two\r\n\r\n\ndata: three\r\rdata: cut';
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const read = createEventReader();
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const events = places.slice(1).flatMap((end, index) => read(bytes.subarray(places[index], end)));
        expect(events).toEqual(['{"a":"ü"}', 'one\ntwo', 'three']);
      }),
    );
  });
});
