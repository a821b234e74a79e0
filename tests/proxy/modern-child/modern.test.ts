/** Clients of 2026-07-28 before servers of that revision. */
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import { startProxy, type Loose, type TestProxy } from '../../helpers/stdio-proxy.ts';

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
    const [key = ''] = Object.keys(asked.message.result.inputRequests);
    const { requestState } = asked.message.result;
    const answered = await client.call('ask', {}, { requestState, inputResponses: { [key]: ELICITED } });
    expect(JSON.parse(answered.message.result.content[0].text)[0]).toEqual(ELICITED);
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
