/** A remote service on a free loopback port before a server that a test makes. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMcpHandler, McpServer as CurrentServer } from '@modelcontextprotocol/server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createRemote, type Remote, type RemoteOptions } from '../../runtime/remote/app.ts';
import { CONTEXT_KEY, type LogEntry, recordingLogger, SERVICE } from '../helpers/stdio-proxy.ts';

export const TOKEN = 'Bearer upstream-token-4711';

/** An answer to the request 1. */
export const RESULT = '{"jsonrpc":"2.0","id":1,"result":{"content":[]}}';
export const STREAM = { 'content-type': 'text/event-stream' };

/** A server of the test's own, on a free loopback port. */
export async function listening(listener: RequestListener): Promise<{ server: Server; origin: string }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export interface TestRemote {
  url: string;
  origin: string;
  remote: Remote;
  logs: LogEntry[];
  /** What the server was asked, in order. */
  seen: { method: string; headers: IncomingMessage['headers'] }[];
}

/** @param upstream the server */
export async function startRemote(
  upstream: RequestListener,
  options: Partial<RemoteOptions> = {},
): Promise<TestRemote> {
  const seen: TestRemote['seen'] = [];
  const { origin: target } = await listening((req, res) => {
    seen.push({ method: req.method ?? '', headers: req.headers });
    return upstream(req, res);
  });
  const logs: LogEntry[] = [];
  const remote = createRemote({
    service: SERVICE,
    target: { url: `${target}/mcp`, headers: { Authorization: TOKEN, 'X-Team': 'blue' } },
    contextKey: CONTEXT_KEY,
    allowedOrigins: ['https://app.example'],
    logger: recordingLogger(logs),
    ...options,
  });
  onTestFinished(() => remote.close(100));
  const { origin } = await listening((req, res) => remote.handle(req, res));
  return { url: `${origin}/mcp`, origin, remote, logs, seen };
}

/** A server of SDK 1.x: sessions, and streams that can be taken up again, whose events all sessions keep together. */
export function sdk1Server(): RequestListener {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const eventStore = sharedEvents();
  return (req, res) => {
    const known = transports.get(String(req.headers['mcp-session-id']));
    if (known !== undefined) return void known.handleRequest(req, res);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      eventStore,
      onsessioninitialized: (id) => void transports.set(id, transport),
      onsessionclosed: (id) => void transports.delete(id),
    });
    void tools1()
      .connect(transport as never)
      .then(() => transport.handleRequest(req, res));
  };
}

/** Repeats whatever it is asked for. */
function sharedEvents(): EventStore {
  const events: { stream: string; message: JSONRPCMessage }[] = [];
  return {
    storeEvent: (stream, message) => Promise.resolve(String(events.push({ stream, message }))),
    replayEventsAfter: async (last, { send }) => {
      const stream = events[Number(last) - 1]?.stream ?? '';
      for (let at = Number(last); at < events.length; at += 1) {
        const event = events[at];
        if (event?.stream === stream) await send(String(at + 1), event.message);
      }
      return stream;
    },
  };
}

function tools1(): McpServer {
  const server = new McpServer({ name: 'one', version: '1' }, { capabilities: { logging: {} } });
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });
  server.registerTool('echo', { inputSchema: { message: z.string() } }, ({ message }) => text(message));
  server.registerTool('delete', {}, () => text('deleted'));
  server.registerTool('headers', {}, (extra) => text(JSON.stringify(extra.requestInfo?.headers)));
  server.registerTool('progress', {}, async (extra) => {
    const progressToken = extra._meta?.progressToken ?? 0;
    for (const progress of [1, 2])
      await extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress } });
    return text('done');
  });
  server.registerTool('ask', {}, async () => {
    const answer = await server.server.createMessage({ messages: [], maxTokens: 1 });
    return text(JSON.stringify(answer));
  });
  server.registerTool('later', {}, async () => {
    await server.server.sendLoggingMessage({ level: 'info', data: 'later' });
    return text('sent');
  });
  return server;
}

/** A server of SDK 2.x, which has no sessions and serves both eras. */
export function sdk2Server(): RequestListener {
  const handler = createMcpHandler(() => {
    const server = new CurrentServer({ name: 'two', version: '2' });
    const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });
    server.registerTool('echo', { inputSchema: z.object({ message: z.string() }) }, ({ message }) =>
      text(message),
    );
    server.registerTool('delete', {}, () => text('deleted'));
    return server;
  });
  return toNodeHandler(handler) as RequestListener;
}

/** A server that says whatever a test makes it say. */
export function rawServer(answer: (req: IncomingMessage, body: string) => Answer): RequestListener {
  return (req, res) => {
    let body = '';
    req.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      const {
        status = 200,
        headers = { 'content-type': 'application/json' },
        text = '',
        open = false,
      } = answer(req, body);
      res.writeHead(status, headers);
      if (text !== '') res.write(text);
      if (!open) res.end();
    });
  };
}

export interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  text?: string;
  /** Leaves it unfinished. */
  open?: boolean;
}
