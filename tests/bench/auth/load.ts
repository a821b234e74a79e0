/** What asks the servers. Each call tells the server's processor time for one request, in microseconds. */
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
// @ts-expect-error -- autocannon has no declarations
import untypedAutocannon from 'autocannon';
import type { Store } from '../../../runtime/store/store.ts';
import { freshRefreshToken, type Population } from './population.ts';
import type { ServerProcess } from './server.ts';

/** The part of autocannon that is used here. */
interface LoadRequest {
  headers?: Record<string, string>;
  setupRequest?: (request: LoadRequest) => LoadRequest;
}
interface LoadResult {
  '2xx': number;
  non2xx: number;
  errors: number;
}
const autocannon = untypedAutocannon as (options: {
  url: string;
  connections: number;
  amount: number;
  requests: LoadRequest[];
}) => Promise<LoadResult>;

const CONNECTIONS = 50;

/** What Traefik's ForwardAuth sends along. */
const EDGE_HEADERS = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'mcp-protocol-version': '2025-11-25',
  'mcp-session-id': '0198c7b2-2f6b-7a51-9d5e-6f4c3f0f5a11',
  'user-agent': 'bench/1.0',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': 'echo.example.com',
  'x-forwarded-method': 'POST',
  'x-forwarded-port': '443',
  'x-forwarded-proto': 'https',
  'x-forwarded-server': 'traefik',
  'x-forwarded-uri': '/mcp',
  'x-real-ip': '203.0.113.7',
};

/** @param tokens asked with in turn, again and again */
export async function load(
  server: ServerProcess,
  path: string,
  tokens: string[],
  amount: number,
): Promise<number> {
  let next = 0;
  const before = await server.usage();
  const result = await autocannon({
    url: `http://127.0.0.1:${server.port}${path}`,
    connections: CONNECTIONS,
    amount,
    requests: [
      {
        headers: EDGE_HEADERS,
        setupRequest: (request) => ({
          ...request,
          headers: { ...request.headers, authorization: `Bearer ${tokens[next++ % tokens.length] ?? ''}` },
        }),
      },
    ],
  });
  const after = await server.usage();
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${result.non2xx} refused, ${result.errors} failed`);
  return (after.cpu - before.cpu) / result['2xx'];
}

/** Refreshes in chains, as clients do: each answer has the next token. */
export async function loadRefresh(
  server: ServerProcess,
  store: Store,
  population: Population,
  amount: number,
): Promise<number> {
  const chains = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, index) => freshRefreshToken(store, index, population)),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const before = await server.usage();
  let left = amount;
  await Promise.all(
    chains.map(async (chain) => {
      for (let { token } = chain; left-- > 0;) token = await refresh(agent, server.port, chain.client, token);
    }),
  );
  const after = await server.usage();
  agent.destroy();
  return (after.cpu - before.cpu) / amount;
}

async function refresh(agent: Agent, port: number, client: string, token: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: client,
    refresh_token: token,
  }).toString();
  const request = httpRequest({ agent, port, host: '127.0.0.1', path: '/token', method: 'POST' });
  request.setHeader('content-type', 'application/x-www-form-urlencoded');
  request.end(body);
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
  let text = '';
  for await (const chunk of response) text += chunk.toString();
  if (response.statusCode !== 200) throw new Error(`refresh: ${text}`);
  return (JSON.parse(text) as { refresh_token: string }).refresh_token;
}
