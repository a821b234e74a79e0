import { describe, expect, it } from 'vitest';
import { classify, idOfFragments, progressTokenOf } from '../../../runtime/proxy/messages/json-rpc.ts';

describe('classify', () => {
  it.each([
    [{ jsonrpc: '2.0', id: 1, method: 'a' }, 'request'],
    [{ jsonrpc: '2.0', id: 'x', method: 'a', params: {} }, 'request'],
    [{ jsonrpc: '2.0', method: 'a' }, 'notification'],
    [{ jsonrpc: '2.0', id: 1, result: {} }, 'response'],
    [{ jsonrpc: '2.0', id: 1, error: { code: 1, message: '' } }, 'response'],
    [{ jsonrpc: '2.0', id: null, error: { code: 1, message: '' } }, 'response'],
    [{ jsonrpc: '2.0', id: null, method: 'a' }, undefined],
    [{ jsonrpc: '2.0', id: {}, method: 'a' }, undefined],
    [{ jsonrpc: '1.0', id: 1, method: 'a' }, undefined],
    [{ jsonrpc: '2.0', id: 1 }, undefined],
    [{ jsonrpc: '2.0', id: 1, method: 5 }, undefined],
    [{ jsonrpc: '2.0', method: 'a', params: null }, 'notification'],
    [{ jsonrpc: '2.0', id: 1, result: null, error: { code: 1, message: '' } }, 'response'],
    [{ jsonrpc: '2.0', id: 1, method: 'a', result: {} }, undefined],
    [{ jsonrpc: '2.0', id: 1, method: 'a', error: { code: 1, message: '' } }, undefined],
    [{ jsonrpc: '2.0', id: 1.5, method: 'a' }, undefined],
    [{ jsonrpc: '2.0', id: Infinity, method: 'a' }, undefined],
    [{ jsonrpc: '2.0', id: 2 ** 53, method: 'a' }, undefined],
    [{ jsonrpc: '2.0', id: 1, method: 'a', params: [1] }, undefined],
    [{ jsonrpc: '2.0', id: 1, method: 'a', params: 'text' }, undefined],
    [{ jsonrpc: '2.0', method: 'a', params: 7 }, undefined],
    [{ jsonrpc: '2.0', id: 1.5, result: {} }, undefined],
    [[], undefined],
    [null, undefined],
    ['text', undefined],
  ])('%j is %s', (value, kind) => {
    expect(classify(value)?.kind).toBe(kind);
  });

  it('finds the progress token', () => {
    const request = classify({
      jsonrpc: '2.0',
      id: 1,
      method: 'a',
      params: { _meta: { progressToken: 't' } },
    });
    expect(request?.kind === 'request' && progressTokenOf(request)).toBe('t');
  });
});

describe('idOfFragments', () => {
  const at = (head: string, tail: string) => idOfFragments(Buffer.from(head), Buffer.from(tail));
  it('finds an id that is among the first or the last members', () => {
    expect(at('{"jsonrpc":"2.0","id":7,"result":{"x":"', '"}}')).toBe(7);
    expect(at('{"id": "a-1", "result":', '}')).toBe('a-1');
    expect(at('{"result":{"content":[', ']},"jsonrpc":"2.0","id":12}')).toBe(12);
    expect(at('{"result":{"content":[', ']},"id":12,"jsonrpc":"2.0"}')).toBe(12);
  });

  it('does not guess', () => {
    expect(at('{"result":{"id":3,', '"x"}}')).toBeUndefined();
    expect(at('{"jsonrpc":"2.0","method":"a","params":{"id":3,', '"id":4}}')).toBeUndefined();
  });
});
