/** A proxy on a free loopback port in front of the fixture server, and a client that shows what HTTP carries. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CONTEXT_HEADER, signContext, type CallerContext } from '../../runtime/config/context.ts';
import { type Logger } from '../../runtime/config/log.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import { createProxy, type ChildCommand, type Proxy, type ProxyOptions } from '../../runtime/proxy/app.ts';

export const FIXTURE = fileURLToPath(new URL('stdio-fixture.js', import.meta.url));
export const WRAPPER = fileURLToPath(new URL('stdio-wrapper.js', import.meta.url));
export const SERVICE = 'fixture';
/** The process of the tests, also in those that they start: fixtures end when it does (`stdio-stay-alive.js`). */
const TEST_PID = (process.env['MCPGW_TEST_PID'] ??= String(process.pid));
export const CONTEXT_KEY = deriveKey('a root secret of thirty-two characters', `context:${SERVICE}`);

/** @returns a signed context of `user` that is good for an hour, changed by `changes` */
export function contextOf(user: string, changes: Partial<CallerContext> = {}): string {
  const iat = Math.floor(Date.now() / 1000);
  const identity = { sub: `test:${user}`, name: user, groups: [], clientId: 'client', scope: 'mcp:fixture' };
  return signContext({ ...identity, aud: SERVICE, iat, exp: iat + 3600, ...changes }, CONTEXT_KEY);
}

export interface LogEntry {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

export function recordingLogger(entries: LogEntry[]): Logger {
  const log = (level: string) => (fields: object, message: string) =>
    void entries.push({ level, message, fields: { ...fields } });
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

export type TestProxyOptions = Partial<ProxyOptions> & {
  /** Arguments of the fixture. */
  args?: string[];
  /** The script to start instead of the fixture. */
  script?: string;
};

export interface TestProxy {
  url: string;
  proxy: Proxy;
  server: Server;
  logs: LogEntry[];
  close(): Promise<void>;
}

export function fixtureCommand(args: string[] = [], script = FIXTURE): ChildCommand {
  const env = { PATH: process.env['PATH'] ?? '', MCPGW_TEST_PID: TEST_PID };
  return { file: process.execPath, args: [script, ...args], env };
}

export async function startProxy({
  args = [],
  script,
  ...options
}: TestProxyOptions = {}): Promise<TestProxy> {
  const logs: LogEntry[] = [];
  const proxy = createProxy({
    service: SERVICE,
    command: () => fixtureCommand(args, script),
    contextKey: CONTEXT_KEY,
    allowedOrigins: ['https://app.example'],
    logger: recordingLogger(logs),
    ...options,
  });
  const server = createServer((req, res) => proxy.handle(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    await proxy.close(2000);
    server.closeAllConnections();
    server.close();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    proxy,
    server,
    logs,
    close,
  };
}

/** Waits until `check` gives something true. */
export async function until<T>(
  check: () => T | Promise<T>,
  what: string,
  timeoutMs = 8000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}`);
    await delay(10);
  }
}

/** Holds a call of the fixture's tool `wait` until the test says so, so that no test depends on how long a call takes. */
export class Gate {
  /** What the call is given. */
  readonly args: { begun: string; open: string };

  constructor() {
    const path = join(tmpdir(), `mcpgw-gate-${randomUUID()}`);
    this.args = { begun: `${path}-begun`, open: `${path}-open` };
  }

  /** @returns resolved once the server has begun with the call */
  async begun(): Promise<void> {
    await until(() => existsSync(this.args.begun), 'the call has begun');
  }

  open(): void {
    writeFileSync(this.args.open, '');
  }
}

/** Pids of processes with `text` among their arguments. A zombie has no arguments, so it does not count. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** An answer of whatever shape: a test says what it expects of it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Loose = any;

export type Headers = Record<string, string>;

/** A client that speaks HTTP by hand. */
export class RawClient {
  readonly url: string;
  readonly headers: Headers;
  #id = 0;

  constructor(url: string, user = 'alice', headers: Headers = {}) {
    this.url = url;
    this.headers = {
      [CONTEXT_HEADER]: contextOf(user),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    };
  }

  /** @param headers an empty value takes the header away */
  async send(method: string, body?: unknown, headers: Headers = {}, signal?: AbortSignal): Promise<Response> {
    const all = Object.entries({ ...this.headers, ...headers }).filter(([, value]) => value !== '');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return fetch(this.url, {
      method,
      headers: Object.fromEntries(all),
      ...(text === undefined ? {} : { body: text }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  post(body: unknown, headers: Headers = {}, signal?: AbortSignal): Promise<Response> {
    return this.send('POST', body, headers, signal);
  }

  request(method: string, params: object = {}, id: string | number = (this.#id += 1)): object {
    return { jsonrpc: '2.0', id, method, params };
  }

  call(name: string, args: object = {}, id?: string | number): object {
    return this.request('tools/call', { name, arguments: args }, id);
  }

  initializeBody(protocolVersion = '2025-11-25'): object {
    const clientInfo = { name: 'raw', version: '1' };
    return this.request('initialize', { protocolVersion, capabilities: { sampling: {} }, clientInfo });
  }

  /** Opens a session; its id and version go with every later request. */
  async initialize(protocolVersion = '2025-11-25'): Promise<string> {
    const response = await this.post(this.initializeBody(protocolVersion));
    const text = await response.text();
    const id = response.headers.get('mcp-session-id');
    if (response.status !== 200 || id === null) throw new Error(`initialize: ${response.status} ${text}`);
    this.headers['mcp-session-id'] = id;
    this.headers['mcp-protocol-version'] = protocolVersion;
    await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return id;
  }

  /** @returns a tool's text, or the error */
  async tool(name: string, args: object = {}): Promise<string> {
    const response = await this.post(this.call(name, args));
    const message = await answerIn(response);
    return message.result?.content[0].text ?? JSON.stringify(message.error);
  }

  async stream(headers: Headers = {}): Promise<Events> {
    const response = await this.send('GET', undefined, { accept: 'text/event-stream', ...headers });
    if (response.status !== 200) throw new Error(`GET: ${response.status} ${await response.text()}`);
    return new Events(response);
  }
}

/** @returns the answer to a single request. A call that takes a moment on a busy machine is a stream by then. */
async function answerIn(response: Response): Promise<Loose> {
  if (response.headers.get('content-type') !== 'text/event-stream') return response.json();
  const events = new Events(response);
  return until(
    () => events.messages.find((message) => message.method === undefined),
    'the answer of a stream',
  );
}

/** The messages of an event stream, as they come. */
export class Events {
  readonly messages: Loose[] = [];
  readonly comments: string[] = [];
  /** Of all events, those without a message among them. */
  readonly ids: string[] = [];
  retryMs: number | undefined;
  closed = false;
  readonly #response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.#response = response;
    if (response.body === null) throw new Error('no body');
    this.#reader = response.body.getReader();
    void this.#read();
  }

  get headers(): globalThis.Headers {
    return this.#response.headers;
  }

  next(index = 0): Promise<Loose> {
    return until(() => this.messages[index], `message ${index} of a stream`);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = '';
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        const events = (rest + decoder.decode(value, { stream: true })).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) this.#take(event);
      }
    } catch {
      // The connection broke: closed as well.
    }
    this.closed = true;
  }

  #take(event: string): void {
    const lines = event.split(/\r\n|\r|\n/);
    const fields = (name: string): string[] =>
      lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
    const data = fields('data').join('\n');
    this.ids.push(...fields('id'));
    for (const ms of fields('retry')) this.retryMs = Number(ms);
    if (event.startsWith(':')) this.comments.push(event);
    else if (data !== '') this.messages.push(JSON.parse(data));
  }
}
