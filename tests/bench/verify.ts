/**
 * What `/verify` and `/token` cost, as ratios of processor time taken in one run with interleaved rounds, because
 * machines drift between runs (BASELINES.md). The servers are child processes, and each tells what it used.
 *
 *     node tests/bench/verify.ts [--short]
 */
import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { createSign } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
// @ts-expect-error -- autocannon has no declarations
import untypedAutocannon from 'autocannon';
import fastify from 'fastify';
import { createAuth } from '../../runtime/auth/app.ts';
import { loadKeySet } from '../../runtime/auth/tokens/keys.ts';
import { makeRefreshToken } from '../../runtime/auth/tokens/refresh-tokens.ts';
import { createSealer } from '../../runtime/auth/sealing.ts';
import { signAccessToken } from '../../runtime/auth/tokens/tokens.ts';
import { silentLogger } from '../../runtime/config/log.ts';
import { secretKey } from '../../runtime/auth/secret-key.ts';
import { issuer, resourceUrl, type Topology } from '../../runtime/config/topology.ts';
import { createMemoryStore } from '../../runtime/store/memory.ts';
import type { GrantRecord, Store } from '../../runtime/store/store.ts';
import { ROOT_SECRET, testSettings } from '../helpers/oauth-server.ts';

export interface VerifyRatios {
  /** Processor time of a no-op with the same headers, over that of `/verify` with known tokens. */
  known: number;
  /** Likewise, but the no-op sets no headers. */
  knownAgainstBare: number;
  /** Likewise as `known`, with tokens that were never seen. */
  unseen: number;
  /** Processor time of an RS256 signature over that of a refresh. */
  refresh: number;
}

export interface BenchOptions {
  /** Fewer and shorter rounds. */
  short?: boolean;
  print?: (line: string) => void;
}

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
const TOPOLOGY: Topology = {
  mode: 'path',
  scheme: 'http',
  domain: 'localhost',
  port: 8080,
  services: ['echo', 'fetch'],
};
const CLIENT_ID = 'bench-client-0123456789';

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

type Ask =
  | { ask: 'cpu' }
  | { ask: 'sign'; count: number }
  | { ask: 'tokens'; count: number }
  | { ask: 'refresh-tokens'; count: number };

/** Runs the rounds. @returns the medians of their ratios */
export async function benchVerify({
  short = false,
  print = console.log,
}: BenchOptions = {}): Promise<VerifyRatios> {
  const rounds = short ? 3 : 7;
  const amount = short ? 15_000 : 40_000;
  const [noop, auth] = await Promise.all([startServer('noop'), startServer('auth')]);
  try {
    const known = await auth.ask<string[]>({ ask: 'tokens', count: 200 });
    const samples: Record<keyof VerifyRatios, number[]> = {
      known: [],
      knownAgainstBare: [],
      unseen: [],
      refresh: [],
    };
    for (let round = -1; round < rounds; round++) {
      const unseen = await auth.ask<string[]>({ ask: 'tokens', count: short ? 5_000 : 10_000 });
      const nothing = await load(noop, '/verify/echo', known, amount);
      const bare = await load(noop, '/bare', known, amount);
      const verified = await load(auth, '/verify/echo', known, amount);
      const first = await load(auth, '/verify/echo', unseen, unseen.length);
      const count = short ? 2_000 : 4_000;
      const signed = (await auth.ask<number>({ ask: 'sign', count })) / count;
      const refreshed = await loadRefresh(auth, count);
      if (round < 0) continue; // Warming up.
      samples.known.push(nothing / verified);
      samples.knownAgainstBare.push(bare / verified);
      samples.unseen.push(nothing / first);
      samples.refresh.push(signed / refreshed);
      print(
        `round ${round + 1}: µs/req no-op ${show(nothing)}, bare ${show(bare)}, known ${show(verified)}, unseen ${show(first)}, signature ${show(signed)}, refresh ${show(refreshed)}`,
      );
    }
    const ratios: VerifyRatios = {
      known: median(samples.known),
      knownAgainstBare: median(samples.knownAgainstBare),
      unseen: median(samples.unseen),
      refresh: median(samples.refresh),
    };
    print(
      `/verify, known tokens:  ${ratios.known.toFixed(2)} of the no-op (bar 0.75, stretch 0.90); without its headers ${ratios.knownAgainstBare.toFixed(2)}`,
    );
    print(`/verify, unseen tokens: ${ratios.unseen.toFixed(2)} of the no-op (bar 0.35, stretch 0.50)`);
    print(
      `/token, refresh:        ${ratios.refresh.toFixed(2)} of a bare signature (bar 0.70, stretch 0.80)`,
    );
    return ratios;
  } finally {
    noop.stop();
    auth.stop();
  }
}

interface ServerProcess {
  port: number;
  ask<Answer>(question: Ask): Promise<Answer>;
  stop(): void;
}

async function startServer(kind: 'noop' | 'auth'): Promise<ServerProcess> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', kind], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  pin(child);
  const port = await answerOf<number>(child);
  return {
    port,
    ask: async (question) => {
      child.send(question);
      return answerOf(child);
    },
    stop: () => child.disconnect(),
  };
}

/** Server on the first core; where there is no taskset, wherever. */
function pin({ pid }: ChildProcess): void {
  if (pid !== undefined) spawnSync('taskset', ['-a', '-c', '-p', '0', String(pid)], { stdio: 'ignore' });
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const [message] = (await once(child, 'message')) as [Answer];
  return message;
}

/** @returns the server's processor time for one request, in microseconds */
async function load(server: ServerProcess, path: string, tokens: string[], amount: number): Promise<number> {
  let next = 0;
  const before = await server.ask<number>({ ask: 'cpu' });
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
  const used = (await server.ask<number>({ ask: 'cpu' })) - before;
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${result.non2xx} refused, ${result.errors} failed`);
  return used / result['2xx'];
}

/** Refreshes in chains, as clients do: each answer has the next token. */
async function loadRefresh(server: ServerProcess, amount: number): Promise<number> {
  const chains = await server.ask<string[]>({ ask: 'refresh-tokens', count: CONNECTIONS });
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const before = await server.ask<number>({ ask: 'cpu' });
  let left = amount;
  await Promise.all(
    chains.map(async (start) => {
      for (let token = start; left-- > 0;) token = await refresh(agent, server.port, token);
    }),
  );
  const used = (await server.ask<number>({ ask: 'cpu' })) - before;
  agent.destroy();
  return used / amount;
}

async function refresh(agent: Agent, port: number, token: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: CLIENT_ID,
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

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function show(microseconds: number): string {
  return microseconds.toFixed(1);
}

/** In the child process. */
async function serve(kind: string): Promise<void> {
  const send = (value: unknown): void => void process.send?.(value);
  const answers = kind === 'noop' ? await serveNothing() : await serveAuth();
  process.on('message', (question: Ask) => {
    void Promise.resolve(question.ask === 'cpu' ? cpuMicroseconds() : answers.answer(question)).then(send);
  });
  process.on('disconnect', () => process.exit(0));
  send(answers.port);
}

interface Served {
  port: number;
  answer(question: Ask): unknown;
}

async function serveNothing(): Promise<Served> {
  const app = fastify({ logger: false });
  const headers = {
    'x-user-id': 'github:583231',
    'x-user-name': 'octocat',
    'x-client-id': CLIENT_ID,
    'x-mcpgw-context': 'x'.repeat(360),
  };
  app.get('/verify/echo', (_request, reply) => {
    reply.headers(headers).send('');
  });
  app.get('/bare', (_request, reply) => {
    reply.send('');
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port, answer: () => undefined };
}

async function serveAuth(): Promise<Served> {
  const store = createMemoryStore();
  // A client refreshes long after the grace; here a grant would collect the answers of a hundred refreshes in a second.
  const settings = { ...testSettings(TOPOLOGY), refreshGraceSeconds: 0 };
  const sealer = createSealer(secretKey(ROOT_SECRET, 'at-rest'));
  const auth = await createAuth({ settings, store, logger: silentLogger });
  const keys = await loadKeySet({ store, sealer, now: Date.now });
  await auth.app.listen({ port: 0, host: '127.0.0.1' });
  await putClient(store);
  const grant = makeGrant('bench-grant');
  await store.putGrant(grant);
  const tokenRequest = {
    issuer: issuer(TOPOLOGY),
    user: grant.user,
    clientId: CLIENT_ID,
    grantId: grant.id,
    scopes: grant.scopes,
    resources: grant.resources,
    lifetimeSeconds: 3600,
  };
  const answer = async (question: Ask): Promise<unknown> => {
    if (question.ask === 'tokens') {
      return Array.from({ length: question.count }, () =>
        signAccessToken({ ...tokenRequest, nowMs: Date.now() }, keys.signing()),
      );
    }
    if (question.ask === 'refresh-tokens') {
      return Promise.all(
        Array.from({ length: question.count }, (_, index) =>
          refreshTokenOf(store, `chain-${Date.now()}-${index}`),
        ),
      );
    }
    if (question.ask === 'sign') return signBare(keys.signing().privateKey, question.count);
    return undefined;
  };
  return { port: (auth.app.server.address() as AddressInfo).port, answer };
}

/** @returns processor time of `count` signatures, in microseconds */
function signBare(key: Parameters<ReturnType<typeof createSign>['sign']>[0], count: number): number {
  const input = 'x'.repeat(420);
  const before = cpuMicroseconds();
  for (let index = 0; index < count; index++) createSign('sha256').update(input).sign(key);
  return cpuMicroseconds() - before;
}

async function putClient(store: Store): Promise<void> {
  await store.putClient({
    id: CLIENT_ID,
    metadata: {
      redirect_uris: ['http://127.0.0.1/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'mcp:echo',
    },
    registrationTokenHash: '',
    issuedAtMs: Date.now(),
  });
}

async function refreshTokenOf(store: Store, id: string): Promise<string> {
  const grant = makeGrant(id);
  await store.putGrant(grant);
  return makeRefreshToken(grant, 1, secretKey(ROOT_SECRET, 'refresh-token'));
}

function makeGrant(id: string): GrantRecord {
  const nowMs = Date.now();
  return {
    id,
    clientId: CLIENT_ID,
    user: { id: 'local:alice', issuer: 'local', subject: 'alice', name: 'alice', groups: [] },
    redirectUri: 'http://127.0.0.1/cb',
    redirectUriGiven: true,
    codeChallenge: '',
    scopes: ['mcp:echo'],
    resources: [resourceUrl(TOPOLOGY, 'echo')],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 86_400_000,
    codeHash: '',
    codeExpiresAtMs: nowMs,
    codeUsed: true,
    salt: 'salt',
    generation: 1,
    answers: [],
    revoked: false,
  };
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , command, kind = ''] = process.argv;
  if (command === 'serve') await serve(kind);
  else await benchVerify({ short: process.argv.includes('--short') });
}
