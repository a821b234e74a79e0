import { describe, expect, it } from 'vitest';
import { readServerLine } from '../../../runtime/proxy/messages/server-line.ts';

const PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

/** @returns what was read of the line, or `noise` */
function read(line: string | Buffer): unknown {
  const taken: unknown[] = [];
  const isJson = readServerLine(Buffer.from(line), (message, bytes) =>
    taken.push([message?.kind, bytes.toString('utf8')]),
  );
  return isJson ? taken : 'noise';
}

describe('a line of a server', () => {
  it('goes on as it came', () => {
    const line = `{ "method":"ping", "id":1, "jsonrpc":"2.0", "x": 1.10 }`;
    expect(read(line)).toEqual([['request', line]]);
  });

  it('may hold several messages', () => {
    const told = '{"jsonrpc":"2.0","method":"notifications/x"}';
    expect(read(`[${PING}, ${told}, 7]`)).toEqual([
      ['request', PING],
      ['notification', told],
      [undefined, '7'],
    ]);
  });

  it('that is JSON but no message is shown to its reader', () => {
    expect(read('{"level":"info"}')).toEqual([[undefined, '{"level":"info"}']]);
  });

  it('that is no JSON, or cannot be written again, is noise', () => {
    expect(read('Server listening')).toBe('noise');
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(read(deep)).toBe('noise');
  });

  it('has no bytes that are not UTF-8', () => {
    const line = Buffer.concat([Buffer.from(PING.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')]);
    expect(read(line)).toEqual([['request', `${PING.slice(0, -1)},"x":"\ufffd"}`]]);
  });
});
