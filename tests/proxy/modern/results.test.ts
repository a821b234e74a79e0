import { describe, expect, it } from 'vitest';
import { Results } from '../../../runtime/proxy/modern/results.ts';

const results = new Results({ name: 'fixture', version: '1' });

/** @returns what a client gets for a result that its server wrote in one of the two ways of adding to it */
function completed(method: string, result: object, more: object = {}): Record<string, unknown> {
  const message = { jsonrpc: '2.0', id: 1, result, ...more };
  const line = Buffer.from(JSON.stringify(message));
  const whole = results.complete(method, { kind: 'response', id: 1, result }, line).toString('utf8');
  return (JSON.parse(whole) as { result: Record<string, unknown> }).result;
}

describe.each<[string, { _meta?: object }]>([
  ['spliced', {}],
  ['written anew', { _meta: { own: 1 } }],
])('a result that is %s', (_how, own) => {
  it.each([
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'server/discover',
  ])('of %s says how long it may be kept: not at all, and by nobody else', (method) => {
    expect(completed(method, { ...own, pages: [] })).toMatchObject({
      ...{ resultType: 'complete', ttlMs: 0, cacheScope: 'private', pages: [] },
      _meta: { ...own._meta, 'io.modelcontextprotocol/serverInfo': { name: 'fixture', version: '1' } },
    });
  });

  it.each(['tools/call', 'prompts/get', 'completion/complete'])('of %s has no such thing', (method) => {
    const result = completed(method, { ...own, content: [] });
    expect(result).toMatchObject({ resultType: 'complete', content: [] });
    expect(Object.keys(result).sort()).toEqual(['_meta', 'content', 'resultType']);
  });
});

describe('what a server says of that itself', () => {
  it('stands', () => {
    expect(completed('tools/list', { ttlMs: 5, cacheScope: 'public', tools: [] })).toMatchObject({
      ...{ resultType: 'complete', ttlMs: 5, cacheScope: 'public' },
    });
  });
});
