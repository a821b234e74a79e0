/** A client must not choose the folders of a server, in whatever way it says it (`client-roots.ts`). */
import { afterEach, describe, expect, it } from 'vitest';
import { withoutRoots } from '../../runtime/proxy/client-roots.ts';
import { Events, RawClient, startProxy, until, type Loose, type TestProxy } from '../helpers/stdio-proxy.ts';

const CHANGED = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
const ROOTS = { roots: [{ uri: 'file:///etc' }] };

let test: TestProxy | undefined;
afterEach(() => test?.close());

async function open(
  options: { clientRoots?: boolean } = {},
  version = '2025-11-25',
): Promise<RawClient & { folders: () => Promise<string> }> {
  test = await startProxy({ args: ['--roots'], ...options });
  const client = new RawClient(test.url);
  const body = client.initializeBody(version) as Loose;
  body.params.capabilities.roots = { listChanged: true };
  const response = await client.post(body);
  await response.text();
  client.headers['mcp-session-id'] = response.headers.get('mcp-session-id') ?? '';
  return Object.assign(client, { folders: () => client.tool('folders') });
}

const dropped = (): string[] =>
  (test?.logs ?? []).filter(({ level }) => level === 'debug').map(({ message }) => message);

describe('without client roots', () => {
  it('the server does not hear of the capability', async () => {
    const client = await open();
    const { first } = JSON.parse(await client.tool('lines')) as { first: string };
    expect(JSON.parse(first).params.capabilities).toEqual({ sampling: {} });
  });

  it.each(['alone', 'in a batch'])('it does not hear of a change, %s', async (how) => {
    const batch = how === 'in a batch';
    const client = await open({}, batch ? '2025-03-26' : undefined);
    expect((await client.post(batch ? [CHANGED, { ...CHANGED, method: 'other' }] : CHANGED)).status).toBe(
      202,
    );
    const seen = await client.tool('seen');
    expect(seen).not.toContain('roots');
    if (batch) expect(seen).toContain('other');
    expect(dropped()).toContainEqual(expect.stringContaining('told of roots'));
  });

  it('its question is answered by the proxy and goes nowhere', async () => {
    const client = await open();
    const stream = await client.stream();
    const response = await client.post(client.call('askWhat', { method: 'roots/list' }));
    expect(response.headers.get('content-type')).toBe('application/json');
    const { result } = (await response.json()) as Loose;
    expect(JSON.parse(result.content[0].text as string)).toMatchObject({ error: { code: -32601 } });
    expect(stream.messages).toEqual([]);
    await stream.cancel();
  });

  it('no answer gets through that was made up', async () => {
    const client = await open();
    const answers = Array.from({ length: 10 }, (_, i) => ({
      jsonrpc: '2.0',
      id: `fixture-${i}`,
      result: ROOTS,
    }));
    await Promise.all([client.post(CHANGED), ...answers.map((answer) => client.post(answer))]);
    await client.tool('echo', { text: 'all of it has been handled' });
    expect(await client.folders()).toBe('["/allowed"]');
  });

  it('of other names of the capability, none is left', () => {
    const capabilities = { roots: {}, Roots: {}, 'root\u017f': {}, sampling: {} };
    const params = { capabilities, Capabilities: capabilities, clientInfo: { roots: 1 } };
    const { params: left } = withoutRoots({ kind: 'request', id: 1, method: 'initialize', params });
    const rest = { sampling: {} };
    expect(left).toEqual({ capabilities: rest, Capabilities: rest, clientInfo: { roots: 1 } });
  });
});

describe('with client roots', () => {
  it('the server takes them from the client', async () => {
    const client = await open({ clientRoots: true });
    const stream = await client.stream();
    await client.post(CHANGED);
    const request = await stream.next();
    expect(request.method).toBe('roots/list');
    await client.post({ jsonrpc: '2.0', id: request.id, result: ROOTS });
    await until(async () => (await client.folders()) === '["file:///etc"]', "the folders are the client's");
    await stream.cancel();
  });
});

describe("a client's answers", () => {
  it('pass once, and only to what it was asked', async () => {
    const client = await open({ clientRoots: true });
    const post = client.post(client.call('askWhat', { method: 'elicitation/create' }));
    const events = new Events(await post);
    const { id } = await events.next();
    const before = dropped().length;
    for (const other of [`${id}x`, 0, null]) {
      const answer = other === null ? { error: { code: 1, message: '' } } : { result: {} };
      expect((await client.post({ jsonrpc: '2.0', id: other, ...answer })).status).toBe(202);
    }
    expect(dropped().length - before).toBe(3);
    await client.post({ jsonrpc: '2.0', id, result: { right: true } });
    expect((await events.next(1)).result.content[0].text).toContain('"right":true');
    expect((await client.post({ jsonrpc: '2.0', id, result: { late: true } })).status).toBe(202);
    expect(dropped().length - before).toBe(4);
  });

  it('do not pass before the question is out', async () => {
    const client = await open();
    // A call that takes a stream would carry the question.
    client.headers['accept'] = 'application/json';
    await client.tool('askAlone');
    await client.post({ jsonrpc: '2.0', id: 'fixture-0', result: { early: true } });
    expect(await client.tool('seen')).not.toContain('early');
    const stream = await client.stream();
    const { id } = await stream.next();
    await client.post({ jsonrpc: '2.0', id, result: { asked: true } });
    await until(async () => (await client.tool('seen')).includes('"asked":true'), 'the answer is there');
    await stream.cancel();
  });
});
