/** What the service in front of a remote server does of itself. */
import { describe, expect, test } from 'vitest';
import { Events, RawClient, until } from '../helpers/stdio-proxy.ts';
import { type Answer, rawServer, sdk1Server, startRemote, STREAM } from './support.ts';

describe('the service itself', () => {
  test('says that it is there without asking the server, and when it is about to end', async () => {
    const { origin, remote, seen } = await startRemote(sdk1Server());
    expect(await (await fetch(`${origin}/health`)).json()).toMatchObject({ ready: true });
    expect((await fetch(`${origin}/other`)).status).toBe(404);
    expect(seen).toHaveLength(0);
    const closing = remote.close(100);
    expect((await fetch(`${origin}/health`)).status).toBe(503);
    await closing;
  });

  test.each([
    [{ text: '{"jsonrpc":"2.0",\n"id":1,"result":{}}' }, { result: {} }],
    [{ headers: STREAM, text: 'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n' }, { result: {} }],
    [{ status: 500 }, { error: { code: -32000 } }],
    [{ headers: { 'content-type': 'text/html' } }, { error: { code: -32000 } }],
    [
      { status: 400, text: '{"error":{"code":-32602,"message":"no"}}' },
      { error: { code: -32602, message: 'no' } },
    ],
  ] as [Answer, object][])('shows that a call is alive until %o comes', async (late, expected) => {
    let answerNow = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answerNow = resolve));
    const server = rawServer(() => late);
    const { url } = await startRemote((req, res) => void asked.then(() => server(req, res)), {
      limits: { keepAliveSeconds: 0.02 },
    });
    const client = new RawClient(url);
    const events = new Events(await client.post(client.call('echo', {}, 1)));
    await until(() => events.comments.length > 1, 'comments come');
    answerNow();
    await until(() => events.closed, 'it ends');
    expect(events.messages).toEqual([
      expect.objectContaining({
        id: 1,
        ...expected,
        ...('error' in expected && { error: expect.objectContaining(expected.error as object) }),
      }),
    ]);
  });

  test('keeps an idle stream alive, and ends an old one', async () => {
    const { url } = await startRemote(
      rawServer(() => ({ headers: STREAM, text: 'data: {"a":1}\n\n', open: true })),
      {
        limits: { keepAliveSeconds: 0.02, maxStreamSeconds: 0.3 },
      },
    );
    const stream = await new RawClient(url).stream();
    await until(() => stream.comments.length > 1, 'comments come');
    await until(() => stream.closed, 'it ends');
    expect(stream.messages).toEqual([{ a: 1 }]);
  });
});
