/** Tool rules in front of a remote server: what may not be used is neither listed nor called. */
import { describe, expect, test } from 'vitest';
import { CONTEXT_HEADER } from '../../runtime/config/context.ts';
import { contextOf, Events, RawClient, until, type Loose } from '../helpers/stdio-proxy.ts';
import { type Answer, rawServer, RESULT, startRemote, STREAM } from './support.ts';

describe('tool rules', () => {
  const denied = { tools: { deny: ['delete'] } };
  const listed =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"delete"},{"name":"echo","big":12345678901234567890}]}}';
  const left = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo","big":12345678901234567890}]}}';
  const as = (url: string) => new RawClient(url, 'alice', { [CONTEXT_HEADER]: contextOf('alice', denied) });

  test('hold in JSON, in a stream, and in a stream that is taken up again', async () => {
    for (const [headers, text] of [
      [{ 'content-type': 'application/json' }, listed],
      [STREAM, `data: ${listed}\n\n`],
      [STREAM, `data: [${listed}]\n\n`],
    ] as const) {
      const { url } = await startRemote(rawServer(() => ({ headers, text })));
      const client = as(url);
      const response = await client.post(client.request('tools/list', {}, 1));
      expect(await response.text()).toBe(text.replace(listed, left));
      if (headers !== STREAM) continue;
      const stream = await client.stream();
      expect(JSON.stringify(await stream.next())).not.toContain('delete');
    }
  });

  test('hold where a letter is written as an escape', async () => {
    const text = listed.replace('tools', String.raw`t\u006fols`);
    const { url } = await startRemote(rawServer(() => ({ text })));
    const client = as(url);
    expect(await (await client.post(client.request('tools/list', {}, 1))).text()).toBe(left);
  });

  test('keep a call of a denied tool from the server, however it is written', async () => {
    const { url, seen } = await startRemote(rawServer(() => ({ text: RESULT })));
    const client = as(url);
    for (const body of [
      client.call('delete', {}, 7),
      { jsonrpc: '2.0', id: 7, method: 'Tools/Call', params: { name: 'delete' } },
      { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'echo', Name: 'delete' } },
      '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","name":"delete"}}',
    ]) {
      const response = await client.post(body);
      expect(((await response.json()) as Loose).error).toMatchObject({ code: -32602 });
    }
    expect(
      (await client.post({ jsonrpc: '2.0', method: 'tools/call', params: { name: 'delete' } })).status,
    ).toBe(202);
    expect(seen).toHaveLength(0);
  });

  test('take it out of a batch, whose other answers still come', async () => {
    const bodies: string[] = [];
    const say: { now: Answer } = { now: { text: `[${RESULT}]` } };
    const { url } = await startRemote(
      rawServer((_, body) => {
        bodies.push(body);
        return say.now;
      }),
    );
    const client = as(url);
    const batch = [client.call('echo', {}, 1), client.call('delete', {}, 2)];
    const ids = (messages: Loose[]) => messages.map(({ id }) => id as unknown).sort();
    expect(ids((await (await client.post(batch)).json()) as Loose[])).toEqual([1, 2]);
    say.now = { headers: STREAM, text: `data: ${RESULT}\n\n` };
    const events = new Events(await client.post(batch));
    await until(() => events.closed, 'the stream ends');
    expect(ids(events.messages)).toEqual([1, 2]);
    say.now = { status: 202, headers: {} };
    const note = { jsonrpc: '2.0', method: 'notifications/x' };
    expect(ids((await (await client.post([note, client.call('delete', {}, 2)])).json()) as Loose[])).toEqual([
      2,
    ]);
    expect(bodies.join()).not.toContain('delete');
    expect(ids((await (await client.post([client.call('delete', {}, 2)])).json()) as Loose[])).toEqual([2]);
  });
});
