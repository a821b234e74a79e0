import { describe, expect, it } from 'vitest';
import { helloOf } from '../../../../runtime/proxy/modern/places/open-peer.ts';
import { PooledPeer } from '../../../../runtime/proxy/modern/places/pooled-peer.ts';
import type { Peer } from '../../../../runtime/proxy/peer/peer.ts';

const TOOL = {
  name: 'echo',
  inputSchema: { type: 'object', properties: { text: { type: 'string', 'x-mcp-header': 'Text' } } },
};
const LISTED = { result: { tools: [TOOL] } };
const REFUSED = { error: { code: -32601, message: 'no lists' } };

/** @param answers to each `tools/list`, the last of them to all further ones; undefined: none in time */
function peerOf(...answers: unknown[]) {
  let asked = 0;
  const ask = () => Promise.resolve(answers[Math.min((asked += 1), answers.length) - 1]);
  const hello = helloOf(false, { capabilities: { tools: {} } }, undefined);
  const pooled = new PooledPeer({ ask } as unknown as Peer, hello, 'alice', '');
  const check = async (header: string): Promise<number | undefined> => {
    const params = { name: 'echo', arguments: { text: 'x' } };
    return (await pooled.checkParams(params, { 'mcp-param-text': header }))?.code;
  };
  return { check, asked: () => asked, pooled };
}

describe('what of its arguments a tool wants in headers', () => {
  it('is asked for once, and again when the tools have changed', async () => {
    const { check, asked, pooled } = peerOf(LISTED);
    expect([await check('x'), await check('y'), await check('y'), asked()]).toEqual([
      undefined,
      -32020,
      -32020,
      1,
    ]);
    pooled.forgetTools();
    expect([await check('y'), asked()]).toEqual([-32020, 2]);
  });

  it('is asked for again when the server did not say it in time, on whichever page', async () => {
    const first = { result: { tools: [], nextCursor: 'more' } };
    for (const silence of [[undefined], [first, undefined]]) {
      const { check } = peerOf(...silence, LISTED);
      expect([await check('y'), await check('y')]).toEqual([undefined, -32020]);
    }
  });

  it('is nothing for a server that lists no tools, which is asked once', async () => {
    const { check, asked } = peerOf(REFUSED);
    expect([await check('y'), await check('y'), asked()]).toEqual([undefined, undefined, 1]);
  });
});
