/** What a server asks during a call becomes the result of a round, and the answers continue the call. */
import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient, type Asked } from '../../helpers/modern-client.ts';
import {
  processesWith,
  startProxy,
  until,
  type Loose,
  type TestProxy,
  type TestProxyOptions,
} from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
afterEach(() => test.close());

const ALL = { elicitation: {}, sampling: {}, roots: {} };
const ELICITED = { action: 'accept', content: { name: 'Ada' } };
const SAMPLED = { role: 'assistant', model: 'm', content: { type: 'text', text: 'hello' } };

async function start(options: TestProxyOptions = {}, capabilities: object = ALL): Promise<ModernClient> {
  test = await startProxy(options);
  return new ModernClient(test.url, 'alice', capabilities);
}

/** The retry of a call with answers to what it asked. */
function retry(
  client: ModernClient,
  name: string,
  { message }: Asked,
  answers: object,
  args = {},
): Promise<Asked> {
  const { requestState } = message.result;
  return client.call(name, args, { requestState, inputResponses: answers });
}

const textOf = ({ message }: Asked): Loose => JSON.parse(message.result.content[0].text);

describe('a question', () => {
  it('ends the round, under the id that the server gave it, and its answer continues the call', async () => {
    const client = await start();
    const asked = await client.call('ask');
    expect(asked).toMatchObject({
      status: 200,
      message: {
        result: {
          resultType: 'input_required',
          inputRequests: { 'fixture-0': { method: 'sampling/createMessage', params: { maxTokens: 10 } } },
          requestState: expect.any(String),
        },
      },
    });
    const answered = await retry(client, 'ask', asked, { 'fixture-0': SAMPLED });
    expect(answered.message.result.resultType).toBe('complete');
    expect(textOf(answered)).toEqual(SAMPLED);
    expect(answered.message.id).not.toBe(asked.message.id);
  });

  it('may follow another, with another state', async () => {
    const client = await start();
    const first = await client.call('askTwice');
    const second = await retry(client, 'askTwice', first, { 'fixture-0': ELICITED });
    expect(second.message.result.inputRequests).toEqual({
      'fixture-1': { method: 'elicitation/create', params: { message: 'second' } },
    });
    const old = await retry(client, 'askTwice', first, { 'fixture-0': ELICITED });
    expect(old).toMatchObject({ status: 400, message: { error: { code: -32602 } } });
    const last = await retry(client, 'askTwice', second, { 'fixture-1': { action: 'decline' } });
    expect(textOf(last)).toEqual([ELICITED, { action: 'decline' }]);
  });

  it('may come with another, and what is not answered is asked again', async () => {
    const client = await start();
    const both = await client.call('askBoth');
    expect(Object.keys(both.message.result.inputRequests)).toEqual(['fixture-0', 'fixture-1']);
    const left = await retry(client, 'askBoth', both, { 'fixture-0': ELICITED, other: {} });
    expect(Object.keys(left.message.result.inputRequests)).toEqual(['fixture-1']);
    expect(textOf(await retry(client, 'askBoth', left, { 'fixture-1': SAMPLED }))).toEqual([
      ELICITED,
      SAMPLED,
    ]);
  });

  it('may be answered before it is asked', async () => {
    const client = await start();
    const answered = await client.call('ask', {}, { inputResponses: { 'fixture-0': SAMPLED, other: {} } });
    expect(textOf(answered)).toEqual(SAMPLED);
  });

  it('is not answered by what is no answer to it', async () => {
    const client = await start();
    for (const inputResponses of [null, [], { 'fixture-0': 1 }])
      expect(await client.call('ask', {}, { inputResponses })).toMatchObject({
        status: 400,
        message: { error: { code: -32602 } },
      });
    const asked = await client.call('ask');
    expect(await retry(client, 'ask', asked, { 'fixture-0': ELICITED })).toMatchObject({
      status: 400,
      message: { error: { code: -32602 } },
    });
    expect(textOf(await retry(client, 'ask', asked, { 'fixture-0': SAMPLED }))).toEqual(SAMPLED);
  });

  it('needs a client that can be asked: -32021', async () => {
    const client = await start({}, { elicitation: {} });
    const asked = await client.call('ask');
    expect(asked).toMatchObject({
      status: 400,
      message: { error: { code: -32021, data: { requiredCapabilities: { sampling: {} } } } },
    });
    client.capabilities = {};
    expect((await client.call('ask')).message.error.code).toBe(-32021);
  });

  it('about roots is asked only where the service is made for it', async () => {
    const client = await start();
    const { message } = await client.call('askWhat', { method: 'roots/list' });
    expect(message.error).toMatchObject({ code: -32021 });
    await test.close();
    const other = await start({ clientRoots: true });
    const asked = await other.call('askWhat', { method: 'roots/list' });
    expect(asked.message.result.inputRequests).toMatchObject({ 'fixture-0': { method: 'roots/list' } });
  });

  it("of another kind is refused in the client's place", async () => {
    const client = await start();
    expect(await client.tool('askWhat', { method: 'made/up' })).toContain('-32601');
  });
});

describe('requestState', () => {
  it('is bound to its user, its request and its text', async () => {
    const client = await start();
    const asked = await client.call('ask');
    const { requestState } = asked.message.result;
    const bob = new ModernClient(test.url, 'bob', ALL);
    const answers = { 'fixture-0': SAMPLED };
    const refused = { status: 400, message: { error: { code: -32602 } } };
    expect(await retry(bob, 'ask', asked, answers)).toMatchObject(refused);
    expect(await retry(client, 'askBoth', asked, answers)).toMatchObject(refused);
    expect(await retry(client, 'ask', asked, answers, { other: 1 })).toMatchObject(refused);
    for (const changed of [
      `${requestState}x`,
      `${requestState}-TAMPERED`,
      requestState.slice(0, -2),
      'AAAA',
      '',
      1,
    ]) {
      const made = await client.call('ask', {}, { requestState: changed, inputResponses: answers });
      expect(made, String(changed)).toMatchObject(refused);
    }
    expect(textOf(await retry(client, 'ask', asked, answers))).toEqual(SAMPLED);
    expect(await retry(client, 'ask', asked, answers)).toMatchObject(refused);
  });

  it('expires, and the call is cancelled and its child ended', async () => {
    const client = await start({ limits: { parkedCallSeconds: 0.1 } });
    const pid = await client.tool('pid');
    const asked = await client.call('ask');
    await until(() => test.proxy.stats().children === 0, 'the child is gone');
    expect((await retry(client, 'ask', asked, { 'fixture-0': SAMPLED })).message.error.message).toContain(
      'expired',
    );
    expect(await client.tool('pid')).not.toBe(pid);
  });

  it('leads to why, once the server is gone', async () => {
    const client = await start({ args: ['--marker=parked-and-gone'] });
    const asked = await client.call('ask');
    for (const pid of processesWith('parked-and-gone')) process.kill(pid, 'SIGKILL');
    await until(() => test.proxy.stats().children === 0, 'the child is gone');
    const answered = await retry(client, 'ask', asked, { 'fixture-0': SAMPLED });
    expect(answered.message.error.message).toContain('was ended by SIGKILL');
  });
});
