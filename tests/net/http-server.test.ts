/** Slow and huge requests, against each kind of server that listens. */
import { get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '../../runtime/config/log.ts';
import { serve } from '../../runtime/container/serve.ts';
import { createEdge } from '../../runtime/edge/edge.ts';
import { listen } from '../../runtime/embedded/listen.ts';
import { CONNECTION_LIMITS, createHttpServer } from '../../runtime/net/http-server.ts';
import { createEchoStateless } from '../../runtime/services/echo-stateless/server.ts';
import { startTestAuth } from '../helpers/oauth-server.ts';
import { untilCut } from '../helpers/slow-client.ts';
import { start as startService } from '../services/harness.ts';

const SHORT = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkEveryMs: 10 };

interface Started {
  port: number;
  /** A request for which a body is waited for. */
  post: string;
}

const post = (path: string, headers: Record<string, string>): string =>
  [`POST ${path} HTTP/1.1`, ...Object.entries(headers).map((pair) => pair.join(': ')), '', ''].join('\r\n');

const json = { host: 'x', 'content-type': 'application/json' };

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((done) => (server.listening ? done() : server.listen(0, '127.0.0.1', done)));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** As a container does. */
async function inContainer(listener: RequestListener): Promise<number> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const close = () => Promise.resolve();
  const server = serve({ listener, logger: silentLogger, close, port: 0, limits: SHORT });
  onTestFinished(() =>
    signals.forEach((signal, index) => {
      for (const added of process.listeners(signal))
        if (!before[index]?.includes(added)) process.off(signal, added);
    }),
  );
  if (!server.listening) await new Promise<void>((done) => server.once('listening', done));
  return portOf(server);
}

async function embedded(handle: RequestListener): Promise<number> {
  const listening = await listen('127.0.0.1', 0, SHORT);
  onTestFinished(() => listening.close());
  const { port } = listening;
  listening.serve(
    createEdge({
      topology: { mode: 'path', scheme: 'http', domain: 'localhost', port, services: ['memory'] },
      verify: () => ({ status: 200, headers: {} }),
      auth: handle,
      service: () => ({ handle, passAuthorization: false }),
      corsOrigins: [],
      logger: silentLogger,
    }),
  );
  return port;
}

const servers: Record<string, () => Promise<Started>> = {
  auth: async () => {
    const test = await startTestAuth();
    onTestFinished(() => test.close());
    const port = await inContainer((request, response) => test.auth.handle(request, response));
    return { port, post: post('/register', { ...json, 'content-length': '1000' }) };
  },
  'a service': async () => {
    const { service, headers } = await startService(createEchoStateless);
    const port = await inContainer((request, response) => service.handle(request, response));
    return { port, post: post('/mcp', { ...json, ...headers('alice'), 'content-length': '1000' }) };
  },
  'the embedded edge': async () => {
    const test = await startTestAuth();
    onTestFinished(() => test.close());
    const port = await embedded((request, response) => test.auth.handle(request, response));
    const host = `localhost:${port}`;
    return { port, post: post('/register', { ...json, host, 'content-length': '1000' }) };
  },
};

describe.each(Object.entries(servers))('%s', (_name, start) => {
  it('cuts a connection that says nothing', async () => {
    const { port } = await start();
    expect(await untilCut({ port })).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('cuts one whose headers come byte by byte', async () => {
    const { port } = await start();
    const begin = 'GET / HTTP/1.1\r\nX-A: ';
    expect(await untilCut({ port, begin, drip: 'a' })).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('cuts one whose body comes byte by byte', async () => {
    const { port, post } = await start();
    expect(await untilCut({ port, begin: post, drip: '[' })).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('cuts one whose body never ends', async () => {
    const { port, post } = await start();
    const begin = post.replace(/content-length: \d+/, 'transfer-encoding: chunked');
    const answer = await untilCut({ port, begin, drip: `8000\r\n${'['.repeat(0x8000)}\r\n` });
    expect(answer).toMatch(/^HTTP\/1\.1 4(?:08|13) /);
  });

  it('refuses headers that are huge', async () => {
    const { port } = await start();
    const begin = `GET / HTTP/1.1\r\nX-A: ${'a'.repeat(CONNECTION_LIMITS.maxHeaderBytes)}`;
    expect(await untilCut({ port, begin })).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe('an answer', () => {
  let next: (() => void) | undefined;
  const stream: RequestListener = (request, response) => {
    if (request.method !== 'GET') return;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: first\n\n');
    next = () => response.write('data: second\n\n');
  };
  const events = async (response: AsyncIterator<Buffer>) =>
    String(((await response.next()) as { value?: Buffer }).value);

  it.each([
    ['a container', () => inContainer(stream)],
    ['the embedded edge', () => embedded(stream)],
  ])('of %s that is a stream outlives every limit on requests', async (_name, start) => {
    const port = await start();
    const headers = { host: `localhost:${port}` };
    const answer = await new Promise<IncomingMessage>((done, failed) =>
      get({ host: '127.0.0.1', port, path: '/memory/mcp', headers }, done).on('error', failed),
    );
    const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    expect(await events(chunks)).toBe('data: first\n\n');
    // What began later than the stream has met each of the limits; the slow body meets the longest.
    await untilCut({ port });
    await untilCut({ port, begin: post('/', { host: 'x', 'content-length': '1000' }), drip: '[' });
    next?.();
    expect(await events(chunks)).toBe('data: second\n\n');
    answer.destroy();
  });
});

describe('a server', () => {
  it('closes what is idle between requests, and what are too many', async () => {
    const port = await portOf(
      createHttpServer((_request, response) => response.end('ok'), {
        ...SHORT,
        keepAliveTimeoutMs: 1,
        maxConnections: 1,
      }),
    );
    const first = untilCut({ port, begin: 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' });
    expect(await untilCut({ port })).toBe('');
    expect(await first).toMatch(/^HTTP\/1\.1 200 /);
  });
});
