/** A native service on a free loopback port, with the gateway's part (signing the context) played by the test. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { onTestFinished } from 'vitest';
import { signContext, type CallerContext } from '../../runtime/config/context.ts';
import { silentLogger } from '../../runtime/config/log.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import type { NativeService, NativeServiceOptions } from '../../runtime/services/native.ts';

export const SERVICE = 'echo';
export const KEY = deriveKey('a root secret of the tests, long enough', `context:${SERVICE}`);
export const START_MS = Date.UTC(2026, 7, 1);

/** A clock that only the test moves; milliseconds since the epoch. */
export class TestClock {
  ms = START_MS;
  readonly now = (): number => this.ms;
  advanceSeconds(seconds: number): void {
    this.ms += seconds * 1000;
  }
}

export function contextOf(name: string, now: number, overrides: Partial<CallerContext> = {}): CallerContext {
  const iat = Math.floor(now / 1000);
  return {
    sub: `github:${name}`,
    name,
    groups: ['staff'],
    clientId: `client-of-${name}`,
    scope: 'mcp:echo offline_access',
    aud: SERVICE,
    iat,
    exp: iat + 60,
    ...overrides,
  };
}

export interface Running {
  service: NativeService;
  url: string;
  clock: TestClock;
  /** The headers that the gateway would send for this user. */
  headers: (name: string, overrides?: Partial<CallerContext>) => Record<string, string>;
  /** A JSON-RPC POST by hand. */
  post: (body: unknown, headers?: Record<string, string>) => Promise<Response>;
  /** The handshake by hand. */
  initialize: (name: string) => Promise<Response>;
}

export type Create = (options: NativeServiceOptions) => NativeService;

export async function start(create: Create, overrides: Partial<NativeServiceOptions> = {}): Promise<Running> {
  const clock = new TestClock();
  const service = create({
    service: SERVICE,
    contextKey: KEY,
    allowedOrigins: ['https://app.example.com'],
    environment: () => ({
      BASE_DOMAIN: 'example.com',
      MCP_PROTOCOL_VERSION: '2025-11-25',
      REDIS_PASSWORD: 'hunter2',
    }),
    logger: silentLogger,
    now: clock.now,
    ...overrides,
  });
  const server = createServer((req, res) => service.handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await service.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const headers = (name: string, context: Partial<CallerContext> = {}) => ({
    'x-user-id': `github:${name}`,
    'x-user-name': name,
    'x-client-id': `client-of-${name}`,
    'x-mcpgw-context': signContext(contextOf(name, clock.now(), context), KEY),
    authorization: `Bearer ${tokenOf(name, clock.now())}`,
  });
  const post = (body: unknown, given: Record<string, string> = {}) =>
    fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...given },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  return { service, url, clock, headers, post, initialize: (name) => post(INITIALIZE, headers(name)) };
}

export const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
};

export const LIST_TOOLS = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} };

export const callTool = (name: string, args: object = {}, id = 3) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Looks like an access token; its signature is none. */
export function tokenOf(name: string, now: number): string {
  const exp = Math.floor(now / 1000) + 3661;
  return `${encode({ alg: 'RS256', kid: 'k1', typ: 'at+jwt' })}.${encode({ sub: `github:${name}`, exp })}.c2lnbmF0dXJl`;
}

export interface ToolAnswer {
  text: string;
  data: Record<string, unknown>;
  failed: boolean;
}

/** Either SDK's client, behind one face. */
export interface TestClient {
  call(
    name: string,
    args?: Record<string, unknown>,
    signal?: AbortSignal,
    onprogress?: (progress: { progress: number; total?: number | undefined }) => void,
  ): Promise<ToolAnswer>;
  toolNames(): Promise<string[]>;
  protocolVersion(): string | undefined;
  sessionId(): string | undefined;
  endSession(): Promise<void>;
  close(): Promise<void>;
}

/** What a client's call comes back with, as far as both SDKs agree. */
interface RawAnswer {
  [name: string]: unknown;
}

function toAnswer(raw: RawAnswer): ToolAnswer {
  const [first] = raw['content'] as { text: string }[];
  return {
    text: first?.text ?? '',
    data: (raw['structuredContent'] ?? {}) as Record<string, unknown>,
    failed: raw['isError'] === true,
  };
}

type Call = Parameters<TestClient['call']>;

function optionsOf(signal: Call[2], onprogress: Call[3]) {
  return { ...(signal !== undefined && { signal }), ...(onprogress !== undefined && { onprogress }) };
}

type Headers = () => Record<string, string>;

/** Signs anew for each request, as the gateway does. */
const freshlySigned =
  (headers: Headers): typeof fetch =>
  (input, init) => {
    const all = new globalThis.Headers(init?.headers);
    for (const [name, value] of Object.entries(headers())) all.set(name, value);
    return fetch(input, { ...init, headers: all });
  };

/** A client of SDK 1.x: the handshake era. */
export async function connectV1(running: Running, headers: Headers): Promise<TestClient> {
  const transport = new StreamableHTTPClientTransport(new URL(`${running.url}/mcp`), {
    fetch: freshlySigned(headers),
  });
  const client = new Client({ name: 'test-v1', version: '0' });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    call: async (name, args = {}, signal, onprogress) =>
      toAnswer(await client.callTool({ name, arguments: args }, undefined, optionsOf(signal, onprogress))),
    toolNames: async () => (await client.listTools()).tools.map((tool) => tool.name),
    protocolVersion: () => transport.protocolVersion,
    sessionId: () => transport.sessionId,
    endSession: () => transport.terminateSession(),
    close: () => client.close(),
  };
}

/** A client of SDK 2.x; `auto` takes the newest era that the server has. */
export async function connectV2(
  running: Running,
  headers: Headers,
  mode: 'auto' | 'legacy' = 'auto',
): Promise<TestClient> {
  const transport = new ModernTransport(new URL(`${running.url}/mcp`), { fetch: freshlySigned(headers) });
  const client = new ModernClient({ name: 'test-v2', version: '0' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    call: async (name, args = {}, signal, onprogress) =>
      toAnswer(await client.callTool({ name, arguments: args }, optionsOf(signal, onprogress))),
    toolNames: async () => (await client.listTools()).tools.map((tool) => tool.name),
    protocolVersion: () => client.getNegotiatedProtocolVersion(),
    sessionId: () => transport.sessionId,
    endSession: () => transport.terminateSession(),
    close: () => client.close(),
  };
}

export const clients = [
  { sdk: 'SDK 1.x', connect: connectV1, version: '2025-11-25' },
  { sdk: 'SDK 2.x', connect: connectV2, version: '2026-07-28' },
] as const;
