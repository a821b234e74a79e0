/** Clients of 2026-07-28 before servers of that revision. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import {
  contextOf,
  fixtureCommand,
  startProxy,
  until,
  type Loose,
  type TestProxy,
} from '../../helpers/stdio-proxy.ts';

const SCRIPT = fileURLToPath(new URL('../../helpers/modern-stdio.ts', import.meta.url));
const ELICITED = { action: 'accept', content: { name: 'Ada' } };

let test: TestProxy;
afterEach(() => test.close());

async function start(args: string[], capabilities: object = { elicitation: {} }): Promise<ModernClient> {
  test = await startProxy({ script: SCRIPT, args });
  return new ModernClient(test.url, 'alice', capabilities);
}

describe.each([
  ['of 2026-07-28 alone', ['--modern']],
  ['of both eras', []],
])('a server %s', (_name, args) => {
  it('is discovered, called and asks back', async () => {
    const client = await start(args);
    const { message } = await client.ask('server/discover');
    expect(message.result).toMatchObject({ resultType: 'complete', instructions: 'Ask away.' });
    expect(message.result.supportedVersions).toContain('2025-11-25');
    expect(await client.tool('echo', { text: 'x' })).toBe('x');
    const asked = await client.call('ask');
    expect(asked.message.result.resultType).toBe('input_required');
    const { inputRequests, requestState } = asked.message.result;
    expect([Object.keys(inputRequests), requestState]).toEqual([['name'], 'first']);
    const answered = await client.call('ask', {}, { requestState, inputResponses: { name: ELICITED } });
    expect(JSON.parse(answered.message.result.content[0].text)).toEqual([ELICITED, 'first']);
  });

  it('gets what the client says of itself as it came, and one child serves all clients of a user', async () => {
    const client = await start(args);
    const _meta = { traceparent: '00-1' };
    const { message } = await client.call('envelope', {}, { _meta });
    expect(JSON.parse(message.result.content[0].text).envelope).toEqual(client.meta());
    const pid = await client.tool('pid');
    expect(await new ModernClient(test.url, 'alice', {}).tool('pid')).toBe(pid);
    expect(await new ModernClient(test.url, 'bob', {}).tool('pid')).not.toBe(pid);
    const { message: list } = await client.ask('tools/list');
    expect(list.result).toMatchObject({ resultType: 'complete', ttlMs: 0, cacheScope: 'private' });
  });

  it('hears of roots only where it is made for it', async () => {
    const client = await start(args, { elicitation: {}, roots: {} });
    const inputResponses = { name: ELICITED, other: { roots: [{ uri: 'file:///etc' }] } };
    const { message } = await client.call('ask', {}, { inputResponses, requestState: 'first' });
    expect(message.result.content[0].text).not.toContain('etc');
    const seen = JSON.parse(await client.tool('envelope')).envelope;
    expect(seen['io.modelcontextprotocol/clientCapabilities']).toEqual({ elicitation: {} });
  });

  it('is told what the client gives up, and shows its errors', async () => {
    const client = await start(args);
    const abort = new AbortController();
    const slow = client.post(client.body('tools/call', { name: 'slow' }), {}, abort.signal);
    await client.tool('echo');
    abort.abort();
    await slow.catch(() => undefined);
    await until(async () => JSON.parse(await client.tool('envelope')).cancelled === 1, 'it has stopped');
    expect((await client.ask('prompts/list')).status).toBe(404);
  });

  it('that is gone is said to have ended, not to have refused a handshake', async () => {
    const client = await start(args);
    process.kill(Number(await client.tool('pid')), 'SIGKILL');
    const ended = () => test.logs.find(({ message }) => message.startsWith('server ended'));
    await until(() => ended() !== undefined, 'its end is noticed');
    expect(ended()).toMatchObject({ level: 'warn', message: 'server ended' });
  });

  it('keeps denied tools from the caller', async () => {
    const client = await start(args);
    client.raw.headers['x-mcpgw-context'] = contextOf('alice', { tools: { deny: ['pid'] } });
    const { message } = await client.ask('tools/list');
    expect(message.result.tools.map(({ name }: Loose) => name)).not.toContain('pid');
    expect((await client.call('pid')).message.error.code).toBe(-32602);
  });

  it('reports progress, logs when asked, and tells of changes', async () => {
    const client = await start(args, {});
    const params = { name: 'progress', arguments: {}, _meta: { progressToken: 't' } };
    const events = await client.events('tools/call', params);
    await events.next(2);
    expect(events.messages.map((each: Loose) => each.params?.progressToken)).toEqual(['t', 't', undefined]);
    const _meta = { 'io.modelcontextprotocol/logLevel': 'debug' };
    const logs = await client.events('tools/call', { name: 'log', arguments: {}, _meta });
    expect(await logs.next()).toMatchObject({ method: 'notifications/message' });
    const notifications = { toolsListChanged: true };
    const changes = await client.events('subscriptions/listen', { notifications });
    const acknowledged = 'notifications/subscriptions/acknowledged';
    expect(await changes.next()).toMatchObject({ method: acknowledged, params: { notifications } });
    await client.tool('change');
    expect((await changes.next(1)).method).toBe('notifications/tools/list_changed');
    await changes.cancel();
  });
});

it('a server that could not be started says nothing of its era', async () => {
  let starts = 0;
  const command = (): ReturnType<typeof fixtureCommand> => {
    starts += 1;
    return starts === 1
      ? fixtureCommand(['--exit-on-init', '--only-init'])
      : fixtureCommand(['--modern'], SCRIPT);
  };
  test = await startProxy({ command });
  const client = new ModernClient(test.url, 'alice', { elicitation: {} });
  expect((await client.ask('server/discover')).status).toBe(502);
  expect(await client.tool('echo', { text: 'x' })).toBe('x');
});
