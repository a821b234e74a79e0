/** Sites of the public internet, on loopback: names lead to public addresses, and this machine stands in for those. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ConnectGuard } from '../../../runtime/net/guarded-connect.ts';
import type { FetchLimits } from '../../../runtime/services/fetchs/limits.ts';
import { createFetchs, type FetchsOptions } from '../../../runtime/services/fetchs/server.ts';
import type { NativeServiceOptions } from '../../../runtime/services/native.ts';
import { callTool, start, type Running } from '../harness.ts';

export const PUBLIC_ADDRESS = '93.184.215.14';

export type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

export interface Site {
  port: number;
  /** `http://HOST:PORT/PATH` */
  url: (path: string, host?: string) => string;
  /** By path, or by `host/path` for one host; anything else is 404. */
  answers: Map<string, Answer>;
  /** What was asked for, but robots.txt, in order. */
  requests: {
    method: string;
    host: string;
    path: string;
    headers: IncomingMessage['headers'];
    body: string;
  }[];
  /** How often each host was asked for its robots.txt. */
  robots: Map<string, number>;
  /** Names that lead elsewhere than here. */
  names: Map<string, string>;
  /** Every other name leads to a public address, where this site is. */
  guard: ConnectGuard;
}

export async function startSite(): Promise<Site> {
  const answers: Site['answers'] = new Map();
  const requests: Site['requests'] = [];
  const robots: Site['robots'] = new Map();
  const names: Site['names'] = new Map();
  const server = createServer((request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    const path = request.url ?? '';
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (path === '/robots.txt') robots.set(host, (robots.get(host) ?? 0) + 1);
      else requests.push({ method: request.method ?? '', host, path, headers: request.headers, body });
      const answer = answers.get(host + path) ?? answers.get(path);
      if (answer === undefined) response.writeHead(404, { 'content-type': 'text/plain' }).end('nothing here');
      else answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: (path, host = 'site.example') => `http://${host}:${port}${path}`,
    ...{ answers, requests, robots, names },
    guard: {
      resolve: (name) => Promise.resolve([{ address: names.get(name) ?? PUBLIC_ADDRESS, family: 4 }]),
      standIns: new Map([[PUBLIC_ADDRESS, '127.0.0.1']]),
    },
  };
}

export function page(
  body: string | Buffer,
  type = 'text/html; charset=utf-8',
  more: Record<string, string> = {},
): Answer {
  return (_request, response) => response.writeHead(200, { 'content-type': type, ...more }).end(body);
}

export function redirect(location: string, status = 302): Answer {
  return (_request, response) => response.writeHead(status, { location }).end();
}

export type Overrides = Partial<Omit<FetchsOptions, 'limits'>> & { limits?: Partial<FetchLimits> };

export interface Fetchs extends Running {
  site: Site;
  /** A call of the tool, by hand. */
  fetch: (args: Record<string, unknown>, user?: string) => Promise<FetchAnswer>;
}

export interface FetchAnswer {
  text: string;
  data: Record<string, unknown>;
  failed: boolean;
  content: { type: string; [name: string]: unknown }[];
}

export async function startFetchs(overrides: Overrides = {}): Promise<Fetchs> {
  const site = await startSite();
  const create = (options: NativeServiceOptions) =>
    createFetchs({
      ...options,
      version: '1.2.3',
      ignoreRobots: false,
      allowedHosts: [],
      guard: site.guard,
      ...overrides,
    });
  const running = await start(create);
  return {
    ...running,
    site,
    async fetch(args, user = 'alice') {
      const response = await running.post(callTool('fetch', args), running.headers(user));
      return toAnswer((await response.json()) as never);
    },
  };
}

interface Raw {
  result: { content: FetchAnswer['content']; structuredContent?: Record<string, unknown>; isError?: boolean };
}

function toAnswer({ result }: Raw): FetchAnswer {
  const [first] = result.content as [{ type: string; text: string }];
  return {
    text: first.text,
    data: result.structuredContent ?? {},
    failed: result.isError === true,
    content: result.content,
  };
}
