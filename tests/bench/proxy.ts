/**
 * What the proxy costs: `tools/call echo` through HTTP against the same child driven over its own pipes, in interleaved
 * rounds of one run, because machines drift. Medians. `node tests/bench/proxy.ts [--short] [command args…]`.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { CONTEXT_HEADER, signContext } from '../../runtime/config/context.ts';
import { silentLogger } from '../../runtime/config/log.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import { createProxy } from '../../runtime/proxy/app.ts';

export interface ProxyBenchOptions {
  /** A few seconds in all instead of half a minute. */
  short?: boolean;
  /** The stdio server, which needs a tool `echo`; the tests' fixture unless told. */
  command?: string[];
}

export interface ProxyBenchResult {
  name: string;
  concurrency: number;
  callsPerSecond: number;
  p99Ms: number;
  /** Of the calls per second over bare pipes at the same concurrency. */
  ratio: number;
  /** Of the calls per second of a pass-through without any feature. */
  ratioOfBare: number;
}

/** Sends one call and resolves when its answer is there. */
type CallOnce = (id: number) => Promise<void>;

const FIXTURE = fileURLToPath(new URL('../helpers/stdio-fixture.js', import.meta.url));
const SERVICE = 'bench';
const KEY = deriveKey('a root secret of thirty-two characters', `context:${SERVICE}`);
const CONCURRENCIES = [1, 16];

const callBody = (id: number): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: 'echo', arguments: { text: 'hello', message: 'hello' } },
  });

const initializeBody = JSON.stringify({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
});
const initializedBody = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });

function commandOf(options: ProxyBenchOptions): { file: string; args: string[] } {
  const [file = process.execPath, ...args] = options.command ?? [process.execPath, FIXTURE];
  return { file, args };
}

/** The child's own pipes, no HTTP: the upper bound. */
async function pipes(options: ProxyBenchOptions): Promise<Way> {
  const { file, args } = commandOf(options);
  const child: ChildProcessWithoutNullStreams = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const waiting = new Map<number, () => void>();
  let rest = '';
  child.stderr.resume();
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id } = JSON.parse(line) as { id?: number };
      if (id === undefined) continue;
      waiting.get(id)?.();
      waiting.delete(id);
    }
  });
  const send = (id: number, body: string): Promise<void> =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      child.stdin.write(`${body}\n`);
    });
  await send(0, initializeBody);
  child.stdin.write(`${initializedBody}\n`);
  const close = async (): Promise<void> => {
    child.stdin.end();
    child.kill();
    await once(child, 'exit');
  };
  return { call: (id) => send(id, callBody(id)), close };
}

interface Way {
  call: CallOnce;
  close: () => Promise<void>;
}

/** A listener with no feature at all, which only matches ids: what HTTP itself costs, in this run on this machine. */
function bareListener(options: ProxyBenchOptions): { listener: RequestListener; close: () => Promise<void> } {
  const { file, args } = commandOf(options);
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map<number, ServerResponse>();
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id } = JSON.parse(line) as { id?: number };
      if (id !== undefined) waiting.get(id)?.setHeader('content-type', 'application/json').end(line);
      if (id !== undefined) waiting.delete(id);
    }
  });
  const listener: RequestListener = (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const { id } = JSON.parse(body) as { id?: number };
      child.stdin.write(`${body}\n`);
      if (id === undefined) res.writeHead(202).end();
      else waiting.set(id, res);
    });
  };
  const close = async (): Promise<void> => {
    child.kill();
    await once(child, 'exit');
  };
  return { listener, close };
}

function proxyListener(options: ProxyBenchOptions): {
  listener: RequestListener;
  close: () => Promise<void>;
} {
  const command = () => ({ ...commandOf(options), env: { PATH: process.env['PATH'] ?? '' } });
  const logger = silentLogger;
  const proxy = createProxy({ service: SERVICE, command, contextKey: KEY, allowedOrigins: [], logger });
  return { listener: (req, res) => proxy.handle(req, res), close: () => proxy.close() };
}

/** Calls over one keep-alive connection for each concurrent caller, after a handshake. */
async function overHttp({ listener, close }: ReturnType<typeof proxyListener>): Promise<Way> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const iat = Math.floor(Date.now() / 1000);
  const identity = { sub: 'bench:1', name: 'bench', groups: [], clientId: 'bench', scope: '' };
  const headers: Record<string, string> = {
    [CONTEXT_HEADER]: signContext({ ...identity, aud: SERVICE, iat, exp: iat + 3600 }, KEY),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  const post = (body: string): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const length = Buffer.byteLength(body);
      const options = {
        port,
        path: '/mcp',
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': length },
      };
      const req = request(options, (res) => {
        res.resume();
        const session = res.headers['mcp-session-id'];
        res.on('end', () => resolve(typeof session === 'string' ? session : undefined));
      });
      req.on('error', reject);
      req.end(body);
    });
  headers['mcp-session-id'] = (await post(initializeBody)) ?? 'none';
  await post(initializedBody);
  return {
    call: async (id) => void (await post(callBody(id))),
    close: async () => {
      agent.destroy();
      await close();
      server.close();
    },
  };
}

let nextId = 1;

/** @returns calls per second and the 99th percentile of one call's time */
async function round(
  call: CallOnce,
  concurrency: number,
  ms: number,
): Promise<{ rate: number; p99: number }> {
  const times: number[] = [];
  const start = performance.now();
  const worker = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      const before = performance.now();
      await call((nextId += 1));
      times.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  return { rate: times.length / seconds, p99: times[Math.floor(times.length * 0.99)] ?? 0 };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** @param print gets one line for each result */
export async function benchProxy(
  print: (line: string) => void,
  options: ProxyBenchOptions = {},
): Promise<ProxyBenchResult[]> {
  const ways: Record<string, Way> = {
    pipes: await pipes(options),
    bare: await overHttp(bareListener(options)),
    proxy: await overHttp(proxyListener(options)),
  };
  const results: ProxyBenchResult[] = [];
  for (const concurrency of CONCURRENCIES) {
    const measured = await measure(ways, concurrency, options.short === true);
    for (const result of measured) {
      results.push(result);
      const { name, callsPerSecond, p99Ms, ratio, ratioOfBare } = result;
      const speed = `${Math.round(callsPerSecond)} calls/s, p99 ${p99Ms.toFixed(1)} ms`;
      print(
        `${name} c${concurrency}: ${speed}, ${ratio.toFixed(2)} of pipes, ${ratioOfBare.toFixed(2)} of bare`,
      );
    }
  }
  await Promise.all(Object.values(ways).map((way) => way.close()));
  return results;
}

/** One warm-up and several rounds of each way, in turns. */
async function measure(
  ways: Record<string, Way>,
  concurrency: number,
  short: boolean,
): Promise<ProxyBenchResult[]> {
  const roundMs = short ? 250 : 1500;
  const rounds = short ? 3 : 7;
  const taken = Object.entries(ways).map(([name, way]) => ({
    name,
    way,
    rates: [] as number[],
    p99s: [] as number[],
  }));
  for (const { way } of taken) await round(way.call, concurrency, roundMs);
  for (let i = 0; i < rounds; i += 1) {
    for (const { way, rates, p99s } of taken) {
      const { rate, p99 } = await round(way.call, concurrency, roundMs);
      rates.push(rate);
      p99s.push(p99);
    }
  }
  const rateOf = (name: string): number => median(taken.find((each) => each.name === name)?.rates ?? []);
  return taken.map(({ name, p99s }) => ({
    name,
    concurrency,
    callsPerSecond: rateOf(name),
    p99Ms: median(p99s),
    ratio: rateOf(name) / rateOf('pipes'),
    ratioOfBare: rateOf(name) / rateOf('bare'),
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const command = args.filter((arg) => arg !== '--short');
  await benchProxy(console.log, {
    short: args.includes('--short'),
    ...(command.length > 0 ? { command } : {}),
  });
}
