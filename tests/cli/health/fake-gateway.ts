/** A gateway with nothing behind it, whose answers a test can bend. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { examine, type HealthReport } from '../../../cli/health/examine.ts';
import type { Gateway } from '../../../cli/net/gateway.ts';
import { createHttpClient } from '../../../cli/net/http-client.ts';

export interface FakeGateway extends Gateway {
  /** Words that the admin API was asked with. */
  asked: string[][];
  /** Requests that came, as `METHOD /path`. */
  seen: string[];
  /** What answers a method or path instead, until `response` is ended. */
  instead: Record<string, (response: ServerResponse) => void>;
  health(): Promise<HealthReport>;
}

const TOKEN = 'health-token';

export async function startFakeGateway(): Promise<FakeGateway> {
  const server = createServer((request, response) => void answer(gateway, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway: FakeGateway = {
    kind: 'compose',
    issuer,
    services: [{ name: 'time', url: `${issuer}/time/mcp` }],
    protocolVersion: '2025-11-25',
    store: 'Redis',
    up: 'mcpgw up',
    logs: (...names) => `mcpgw logs ${names.join(' ')}`,
    authorities: [],
    asked: [],
    seen: [],
    instead: {},
    admin: async (words) => {
      gateway.asked.push(words);
      if (words[0] === 'issue') return { status: 200, body: { id: 'run', tokens: { time: TOKEN } } };
      return { status: 200, body: { ms: 1 } };
    },
    health: async () => {
      const client = createHttpClient();
      try {
        return await examine(gateway, { client, now: Date.now, stopwatch: () => performance.now() });
      } finally {
        client.close();
      }
    },
  };
  return gateway;
}

export function sendJson(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function serverMetadata(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    code_challenge_methods_supported: ['S256'],
  };
}

async function answer(
  gateway: FakeGateway,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { issuer } = gateway;
  const body = await readAll(request);
  const message = body === '' ? {} : (JSON.parse(body) as { method?: string; id?: number });
  const path = request.url ?? '';
  const authorized = request.headers.authorization === `Bearer ${TOKEN}`;
  gateway.seen.push(`${request.method} ${path}`);
  const bent = path.endsWith('/mcp') && authorized ? (message.method ?? request.method) : path;
  const instead = gateway.instead[bent ?? ''];
  if (instead !== undefined) return instead(response);
  if (path === '/.well-known/oauth-authorization-server') return sendJson(response, serverMetadata(issuer));
  if (path === '/.well-known/jwks.json') {
    return sendJson(response, { keys: [{ kty: 'RSA', kid: 'a', alg: 'RS256', n: '', e: '' }] });
  }
  if (path === '/.well-known/oauth-protected-resource/time/mcp') {
    return sendJson(response, { resource: `${issuer}/time/mcp`, authorization_servers: [issuer] });
  }
  if (!authorized) {
    const challenge = `Bearer resource_metadata="${issuer}/.well-known/oauth-protected-resource/time/mcp", scope="mcp:time"`;
    return sendJson(response, {}, 401, { 'www-authenticate': challenge });
  }
  mcp(message, request, response);
}

function mcp(
  { method, id }: { method?: string; id?: number },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method === 'DELETE') return void response.writeHead(204).end();
  if (method === 'notifications/initialized') return void response.writeHead(202).end();
  if (method === 'initialize') {
    const result = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 't', version: '1' },
    };
    return sendJson(response, { jsonrpc: '2.0', id, result }, 200, { 'mcp-session-id': 'one' });
  }
  sendJson(response, { jsonrpc: '2.0', id, result: { tools: [{ name: 'now' }] } });
}
