import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact } from '../../../runtime/proxy/messages/exact-json.ts';
import { parseBody } from '../../../runtime/proxy/messages/incoming.ts';

const linesOf = (text: string): string[] => {
  const parsed = parseBody(Buffer.from(text));
  if ('status' in parsed) throw new Error(parsed.message);
  return parsed.incoming.map(({ line }) => line.toString('utf8'));
};

describe('what a server reads', () => {
  it('is what was understood: of equal keys the last, and no member that only others would understand', () => {
    const [line] = linesOf(
      '{"jsonrpc":"2.0","method":"notifications/roots/list_changed","id":1,"method":"ping","Method":"x","ID":2,"result\\u017f":{}}',
    );
    expect(line).toBe('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  });

  it('has equal keys once on every level', () => {
    const params = '{"name":"write_file","name":"read_file","__proto__":{"a":1},"\\ud800":"\\udc00"}';
    const [line = ''] = linesOf(`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":${params}}`);
    expect(line.match(/"name"/g)).toHaveLength(1);
    expect(line).toContain('"name":"read_file","__proto__":{"a":1},"\\ud800":"\\udc00"');
  });

  it('is one line each', () => {
    const note = '{"jsonrpc":"2.0",\r\n"method":"x","params":{"a":[\r{"jsonrpc":"2.0"}\r]}}';
    expect(linesOf(`[${note},${note}]`)).toEqual(
      Array.from({ length: 2 }, () => '{"jsonrpc":"2.0","method":"x","params":{"a":[{"jsonrpc":"2.0"}]}}\n'),
    );
  });

  it('of a response is either its error or its result', () => {
    const error = '{"code":1,"message":"no"}';
    expect(linesOf(`{"jsonrpc":"2.0","id":1,"error":${error},"result":{}}`)).toEqual([
      `{"jsonrpc":"2.0","id":1,"error":${error}}\n`,
    ]);
    expect(linesOf('{"jsonrpc":"2.0","id":1,"result":{},"error":null}')).toEqual([
      '{"jsonrpc":"2.0","id":1,"result":{}}\n',
    ]);
  });

  it.each(['12345678901234567890', '-9007199254740993', '1e400', '0.1234567890123456789', '1.5', '1e21'])(
    'keeps the number %s',
    (number) => {
      const params = `{"a":[${number}],"b":"x"}`.replace('1e21', '1e+21');
      const [line] = linesOf(`{"jsonrpc":"2.0","method":"x","params":${params}}`);
      expect(line).toBe(`{"jsonrpc":"2.0","method":"x","params":${params}}\n`);
    },
  );

  it('takes no number for an object', () => {
    for (const member of ['"method":"x","params"', '"id":1,"error"']) {
      expect(parseBody(Buffer.from(`{"jsonrpc":"2.0",${member}:12345678901234567890}`))).toMatchObject({
        status: 400,
        code: -32600,
      });
    }
  });

  it('is the same JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(JSON.parse(JSON.stringify(parseExact(json)))).toEqual(
          JSON.parse(JSON.stringify(JSON.parse(json))),
        );
      }),
    );
  });
});
