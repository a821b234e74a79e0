/**
 * Load for the tests of faults: a client for each service that calls in a loop through Traefik as its user would, one
 * that registers clients and one that refreshes a token. Every call is kept with what came of it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { connectLegacy, Credentials, type McpClient } from '../helpers/mcp-clients.ts';
import type { Stack } from '../helpers/stack.ts';
import { ALICE, answerOf, callOf } from './stack-calls.ts';

export interface Call {
  caller: string;
  /** Milliseconds of `performance.now()`. */
  startMs: number;
  endMs: number;
  /** The status of the answer, or why there was none; undefined: all well. */
  failure?: string;
}

export interface Load {
  /** All calls that have ended. */
  calls: readonly Call[];
  callers: string[];
  /** How often a client of a tool had to send its user to sign in, beyond the first time. */
  signIns(): number;
  stop(): Promise<void>;
}

/** What a person would not wait for, in milliseconds. */
const TIMEOUT_MS = 10_000;

interface Caller {
  name: string;
  paceMs: number;
  /** One call. @throws what `failureOf` understands */
  call(): Promise<void>;
  close(): Promise<void>;
}

/** Signs every client in, and starts. */
export async function startLoad(stack: Stack, services: readonly string[]): Promise<Load> {
  const tools = services.map((service) => toolCaller(stack, service));
  const callers: Caller[] = [...tools, registrar(stack), await refresher(stack)];
  // One after the other: a browser's first start and ten sign-ins at once say nothing about faults.
  for (const caller of callers) await caller.call();
  const calls: Call[] = [];
  let stopped = false;
  const loops = callers.map(async (caller) => {
    while (!stopped) {
      const startMs = performance.now();
      const failure = await within(caller.call(), TIMEOUT_MS).then(() => undefined, failureOf);
      const call = { caller: caller.name, startMs, endMs: performance.now() };
      calls.push(failure === undefined ? call : { ...call, failure });
      await delay(caller.paceMs);
    }
    await caller.close().catch(() => undefined);
  });
  return {
    calls,
    callers: callers.map(({ name }) => name),
    signIns: () => tools.reduce((sum, tool) => sum + tool.signIns(), 0),
    stop: async () => {
      stopped = true;
      await Promise.all(loops);
    },
  };
}

/** An answer that was not a success. */
export class RefusedError extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`${status}: ${text.slice(0, 200)}`);
    this.status = status;
  }
}

function toolCaller(stack: Stack, service: string): Caller & { signIns: () => number } {
  const credentials = new Credentials(`load on ${service}`);
  const call = callOf(service);
  const plain = stack.fetchAs(ALICE);
  let trouble: unknown;
  let signIns = -1;
  let client: McpClient | undefined;
  // The SDK wraps what it meets, so it is noted where it happens; its stream in the background is not a call.
  const noting: typeof fetch = async (input, init) => {
    const response = await plain(input, init).catch((error: unknown) => {
      if (init?.method === 'POST') trouble = error;
      throw error;
    });
    if (init?.method === 'POST' && response.status >= 400) trouble = new RefusedError(response.status, '');
    return response;
  };
  return {
    name: service,
    // A browser's page takes a core for a while.
    paceMs: service === 'playwright' ? 500 : 100,
    signIns: () => signIns,
    close: async () => client?.close(),
    call: async () => {
      trouble = undefined;
      const before = credentials.held?.access_token;
      try {
        client ??= await connectLegacy(stack.url(service), { fetch: noting, credentials });
        const text = await within(answerOf(client, call), TIMEOUT_MS);
        if (!call.answer.test(text)) throw new RefusedError(200, `unexpected answer: ${text}`);
      } catch (error) {
        // As clients do: the session may be gone, so they open another one. Closing waits for an answer.
        void client?.close().catch(() => undefined);
        client = undefined;
        throw trouble ?? error;
      } finally {
        if (credentials.held?.access_token !== before) signIns += 1;
      }
    },
  };
}

function registrar(stack: Stack): Caller {
  const request = stack.fetchAs(ALICE);
  const body = JSON.stringify({ client_name: 'load', redirect_uris: ['http://127.0.0.1/callback'] });
  return {
    name: 'registration',
    paceMs: 250,
    close: () => Promise.resolve(),
    call: async () => {
      const headers = { 'content-type': 'application/json' };
      await posted(request, `${stack.issuer}/register`, headers, body);
    },
  };
}

async function refresher(stack: Stack): Promise<Caller> {
  const credentials = new Credentials('load on tokens');
  const request = stack.fetchAs(ALICE);
  const client = await connectLegacy(stack.url('echo-stateless'), { fetch: request, credentials });
  await client.close();
  return {
    name: 'refresh',
    paceMs: 250,
    close: () => Promise.resolve(),
    call: () => refresh(stack, credentials),
  };
}

/** A refresh as a client makes it: with the token that it got last, until it got a new one. */
export async function refresh(stack: Stack, credentials: Credentials): Promise<void> {
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: String(credentials.held?.refresh_token),
    client_id: String(credentials.client?.client_id),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await posted(stack.fetchAs(ALICE), `${stack.issuer}/token`, headers, form.toString());
  credentials.saveTokens(JSON.parse(answer) as object);
}

async function posted(
  request: typeof fetch,
  url: string,
  headers: Record<string, string>,
  body: string,
): Promise<string> {
  const response = await request(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (response.ok) return text;
  if (response.status === 503 && !response.headers.has('retry-after'))
    throw new Error('503, Retry-After missing');
  throw new RefusedError(response.status, text);
}

class LateError extends Error {}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const over = new AbortController();
  const late = delay(ms, undefined, { signal: over.signal }).then(() => {
    throw new LateError();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

/** What a client sees: a status, or that there was no connection, that it was cut, or no answer. */
function failureOf(error: unknown): string {
  if (error instanceof RefusedError) return String(error.status);
  if (error instanceof LateError) return 'no answer';
  const cause = (error as { cause?: { code?: string } }).cause?.code;
  if (cause === 'ECONNREFUSED') return 'refused';
  if (cause === 'ECONNRESET' || cause === 'EPIPE') return 'cut';
  return cause ?? (error instanceof Error ? error.message : String(error)).slice(0, 60);
}
