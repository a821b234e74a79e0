/** What a child for sessions and for requests without one asks: who is asked it. */
import { describe, expect, it } from 'vitest';
import { Events, Gate, until } from '../../../helpers/stdio-proxy.ts';
import { ASKABLE, SAMPLED, retry, seenBy, useBothEras } from './both-eras.ts';

const { start, modern, modernOf, session } = useBothEras();

describe('what the child of both eras asks', () => {
  it('ends the round of the request during which it asks, in the same child, and no session hears of it', async () => {
    await start();
    const idle = await session();
    const stream = await idle.stream();
    const client = modern('alice', ASKABLE);
    const asked = await client.call('ask');
    expect(Object.keys(asked.message.result.inputRequests)).toEqual(['fixture-0']);
    const answered = await retry(client, 'ask', asked, { 'fixture-0': SAMPLED });
    expect(JSON.parse(answered.message.result.content[0].text)).toEqual(SAMPLED);
    expect(await idle.tool('pid')).toBe(await client.tool('pid'));
    expect(stream.messages).toEqual([]);
  });

  it('goes to the session when its call is the only one', async () => {
    await start();
    await modern('alice', ASKABLE).tool('pid');
    const client = await session();
    const events = new Events(await client.post(client.call('ask')));
    const { id, method } = await events.next();
    expect(method).toBe('sampling/createMessage');
    await client.post({ jsonrpc: '2.0', id, result: { by: 'the session' } });
    expect((await events.next(1)).result.content[0].text).toBe('{"by":"the session"}');
  });

  it('goes to nobody when calls of several clients are under way', async () => {
    await start();
    const client = await session();
    const gate = new Gate();
    const waiting = client.tool('wait', gate.args);
    await gate.begun();
    const refused = await modern('alice', ASKABLE).tool('askWhat', { method: 'sampling/createMessage' });
    expect(JSON.parse(refused)).toMatchObject({ error: { code: -32601 } });
    gate.open();
    expect(await waiting).toBe('waited');
    const parked = await modernOf('one').call('ask');
    expect(parked.message.result.resultType).toBe('input_required');
    const other = await modernOf('two').tool('askWhat', { method: 'sampling/createMessage' });
    expect(JSON.parse(other)).toMatchObject({ error: { code: -32601 } });
  });

  it('goes past a call that has been waiting for its own answer, whoever makes that', async () => {
    let nowMs = Date.now();
    await start({ now: () => nowMs });
    const asked = await modernOf('one').call('ask');
    nowMs += 1000;
    const other = await modernOf('two').call('ask');
    expect(Object.keys(other.message.result.inputRequests)).toEqual(['fixture-1']);
    const answered = await retry(modernOf('one'), 'ask', asked, { 'fixture-0': SAMPLED });
    expect(answered.message.result.resultType).toBe('complete');
  });

  it('reaches the call that asks several things at once, beside one whose client never came back', async () => {
    await start();
    const client = modern('alice', ASKABLE);
    await client.call('ask');
    const { message } = await client.call('askBoth');
    expect(Object.keys(message.result.inputRequests)).toEqual(['fixture-1', 'fixture-2']);
  });

  it('goes to a client that makes several calls at once, and each of them gets its answer', async () => {
    await start();
    const client = modern('alice', ASKABLE);
    const both = await Promise.all([client.call('ask'), client.call('ask')]);
    const keys = both.map(({ message }) => Object.keys(message.result.inputRequests)[0] ?? '');
    expect([...keys].sort()).toEqual(['fixture-0', 'fixture-1']);
    const answered = await Promise.all(
      both.map((asked, at) =>
        retry(client, 'ask', asked, { [keys[at] ?? '']: { ...SAMPLED, model: keys[at] } }),
      ),
    );
    const models = answered.map(({ message }) => JSON.parse(message.result.content[0].text).model);
    expect([...models].sort()).toEqual(['fixture-0', 'fixture-1']);
  });

  it('is what the client said that it can answer, or the call fails and the child lives on', async () => {
    await start();
    const pid = await modern().tool('pid');
    const unable = await modern().call('ask');
    expect([unable.status, unable.message.error.code]).toEqual([400, -32021]);
    const form = await modern('alice', { elicitation: {} }).call('askWhat', {
      method: 'elicitation/create',
      params: { mode: 'url', url: 'https://example.com', elicitationId: '1', message: 'go' },
    });
    expect(form.message.error.data).toEqual({ requiredCapabilities: { elicitation: { url: {} } } });
    const roots = await modern('alice', { roots: {} }).tool('askWhat', { method: 'roots/list' });
    expect(JSON.parse(roots)).toMatchObject({ error: { code: -32601 } });
    expect(await modern().tool('pid')).toBe(pid);
  });

  it('is given up with its call, and nobody else is asked it', async () => {
    await start({ limits: { parkedCallSeconds: 0.2 } });
    const client = await session();
    const asked = await modern('alice', ASKABLE).call('askAlone');
    expect(asked.message.result.content[0].text).toBe('asking');
    const parked = await modern('alice', ASKABLE).call('ask');
    expect(parked.message.result.resultType).toBe('input_required');
    await until(
      async () => (await seenBy(client, 'notifications/cancelled')).length === 1,
      'the child is told of the call',
    );
    const late = await retry(modern('alice', ASKABLE), 'ask', parked, { 'fixture-1': SAMPLED });
    expect(late.message.error.message).toContain('expired');
  });

  it('may be of a call that its client has just given up, so that no other client is asked it', async () => {
    let nowMs = Date.now();
    await start({ now: () => nowMs });
    const client = await session();
    const abort = new AbortController();
    const given = modernOf('one').post(
      modernOf('one').body('tools/call', { name: 'silent' }),
      {},
      abort.signal,
    );
    await until(async () => (await client.tool('seen')) !== '', 'it is under way');
    abort.abort();
    await given.catch(() => undefined);
    await until(
      async () => (await seenBy(client, 'notifications/cancelled')).length === 1,
      'the child is told of it',
    );
    const other = await modernOf('two').tool('askWhat', { method: 'sampling/createMessage' });
    expect(JSON.parse(other)).toMatchObject({ error: { code: -32601 } });
    nowMs += 1000;
    expect((await modernOf('two').call('ask')).message.result.resultType).toBe('input_required');
  });

  it('of a child before it is not answered to the one that came after it', async () => {
    await start();
    const client = modern('alice', ASKABLE);
    const parked = await client.call('ask');
    await client.call('crash');
    const again = await client.call('ask');
    expect(Object.keys(again.message.result.inputRequests)).toEqual(['fixture-0']);
    const lost = await retry(client, 'ask', parked, { 'fixture-0': { ...SAMPLED, model: 'wrong' } });
    expect(lost.message.error.message).toContain('exited with code 3');
    const answered = await retry(client, 'ask', again, { 'fixture-0': SAMPLED });
    expect(JSON.parse(answered.message.result.content[0].text)).toEqual(SAMPLED);
  });
});
