/** The SDKs' own clients, which come back by themselves for what a broken connection cost them. */
import {
  Client as CurrentClient,
  StreamableHTTPClientTransport as CurrentTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTEXT_HEADER } from '../../../runtime/config/context.ts';
import { contextOf, startProxy, until, type Loose, type TestProxy } from '../../helpers/stdio-proxy.ts';

let test: TestProxy;
beforeAll(async () => {
  test = await startProxy();
});
afterAll(() => test.close());

/** A `fetch` whose event streams can be cut as a network does it. */
function cuttable(): { fetch: typeof fetch; cut: () => void; gets: Response[] } {
  const cuts: (() => void)[] = [];
  const gets: Response[] = [];
  const cutting = async (url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    if (init?.method === 'GET') gets.push(response);
    if (response.body === null || response.headers.get('content-type') !== 'text/event-stream')
      return response;
    const reader = response.body.getReader();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        cuts.push(() => {
          controller.error(new TypeError('terminated'));
          void reader.cancel().catch(() => undefined);
        });
      },
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    });
    return new Response(body, response);
  };
  const cut = (): void => {
    for (const each of cuts.splice(0)) each();
  };
  return { fetch: cutting, cut, gets };
}

const info = { name: 'test', version: '1' };
const requestInit = { headers: { [CONTEXT_HEADER]: contextOf('alice') } };
const reconnectionOptions = {
  ...{
    initialReconnectionDelay: 10,
    maxReconnectionDelay: 10,
    reconnectionDelayGrowFactor: 1,
    maxRetries: 5,
  },
};

interface Calls {
  params: { name: string; arguments: Record<string, unknown> };
  options: { onprogress: (each: { progress: number }) => void };
}

describe.each([
  [
    ...['1.x', Client, StreamableHTTPClientTransport],
    (sdk: Loose, { params, options }: Calls) => sdk.callTool(params, undefined, options),
  ],
  [
    ...['2.x', CurrentClient, CurrentTransport],
    (sdk: Loose, { params, options }: Calls) => sdk.callTool(params, options),
  ],
] as [string, Loose, Loose, (sdk: Loose, calls: Calls) => Promise<Loose>][])(
  'SDK %s client',
  (_version, AnyClient, AnyTransport, callTool) => {
    it('gets its answer over a connection that breaks', async () => {
      const { fetch: network, cut } = cuttable();
      const options = { requestInit, fetch: network, reconnectionOptions };
      const transport = new AnyTransport(new URL(test.url), options);
      const sdk = new AnyClient(info);
      const lost: string[] = [];
      sdk.onerror = (error: Error) => void lost.push(error.message);
      await sdk.connect(transport);
      const progress: number[] = [];
      const params = { name: 'stepwise', arguments: { before: 2, after: 2 } };
      const onprogress = (each: { progress: number }): void => void progress.push(each.progress);
      const result = callTool(sdk, { params, options: { onprogress } });
      await until(() => progress.length === 2, 'the first half');
      cut();
      await sdk.callTool({ name: 'stepOn' });
      expect((await result).content[0].text).toBe('done');
      expect(progress).toEqual([1, 2, 3, 4]);
      expect(lost.join()).toContain('terminated');
      await transport.terminateSession();
      await sdk.close();
    });

    it('does not come for more of a stream that ended with an error', async () => {
      const { fetch: network, gets } = cuttable();
      const transport = new AnyTransport(new URL(test.url), {
        ...{ requestInit, fetch: network, reconnectionOptions },
      });
      const sdk = new AnyClient(info);
      await sdk.connect(transport);
      await until(() => gets.length === 1, 'its GET stream');
      await expect(sdk.callTool({ name: 'logAndFail' })).rejects.toThrow('failed');
      // 2.x takes an error for an answer, 1.x comes once.
      await until(() => AnyClient === CurrentClient || gets.length === 2, 'it comes');
      for (let i = 0; i < 10; i += 1) await sdk.ping();
      expect(gets.map(({ status }) => status)).toEqual(AnyClient === Client ? [200, 405] : [200]);
      await transport.terminateSession();
      await sdk.close();
    });
  },
);
