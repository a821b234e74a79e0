import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { replyJson } from '../../runtime/proxy/http.ts';

const server = createServer();
afterEach(() => void server.close());

it('sends every byte of a JSON text as it is, short or long', async () => {
  const texts = ['é"☃😀\u0080ÿ', '😀é'.repeat(40_000)].map((text) => JSON.stringify({ text }));
  const bodies = texts.flatMap((text) => [text, Buffer.from(text)]);
  server.on('request', (req, res) => replyJson(res, 200, bodies[Number(req.url?.slice(1))] ?? ''));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  for (const [index, body] of bodies.entries()) {
    const response = await fetch(`http://127.0.0.1:${port}/${index}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.equals(Buffer.from(body))).toBe(true);
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(body)));
  }
});
