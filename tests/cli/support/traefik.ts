/** A real Traefik with generated files, in front of one stand-in for auth and every service, which says what arrived. */
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { docker } from './docker.ts';

/** Answers `/verify/…` like auth (a token `Bearer ok` is good), and everything else with what it got. */
const STUB = `
require('http').createServer((req, res) => {
  const text = JSON.stringify({ host: req.headers.host, url: req.url, method: req.method, headers: req.headers });
  if (req.url.startsWith('/verify/')) {
    if (req.headers.authorization !== 'Bearer ok') {
      res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"', 'content-type': 'application/json' });
      return res.end('{"error":"invalid_token"}');
    }
    res.writeHead(200, { 'x-user-id': 'github:1', 'x-user-name': 'octocat', 'x-client-id': 'c1',
      'x-mcpgw-context': Buffer.from(text).toString('base64url') });
    return res.end();
  }
  res.writeHead(200, { 'content-type': 'application/json', server: 'stub', 'set-cookie': 'a=b' });
  res.end(text);
}).listen(8080)`;

export interface Arrived {
  host: string;
  url: string;
  method: string;
  headers: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface RunningTraefik {
  ask(
    host: string,
    path: string,
    options?: { method?: string; headers?: Record<string, string> },
  ): Promise<Answer>;
  /** A handshake, as a client that trusts this authority. @throws Error when it does not trust what it sees */
  handshake(host: string, authority: string): Promise<PeerCertificate>;
  logs(): string;
  healthcheck(): number | null;
  stop(): void;
}

/**
 * @param folder holds `traefik/`
 * @param aliases hosts that Traefik's files send requests to
 * @param ready a host and path that has a route
 * @param user that the files are for
 */
export async function startTraefik(
  folder: string,
  aliases: string[],
  ready: [string, string],
  user = '10001:10001',
): Promise<RunningTraefik> {
  const id = `mcpgw-test-${randomBytes(4).toString('hex')}`;
  const names = { stub: `${id}-stub`, traefik: `${id}-traefik` };
  const stop = () => {
    docker(['rm', '-f', names.traefik, names.stub]);
    docker(['network', 'rm', id]);
  };
  try {
    must(['network', 'create', id]);
    const hosts = aliases.flatMap((alias) => ['--network-alias', alias]);
    must([
      'run',
      '-d',
      '--init',
      '--name',
      names.stub,
      '--network',
      id,
      ...hosts,
      'node:24-slim',
      'node',
      '-e',
      STUB,
    ]);
    const hardened = [
      '--read-only',
      '--cap-drop',
      'ALL',
      '--security-opt',
      'no-new-privileges',
      '--user',
      user,
    ];
    const mount = `type=bind,src=${join(folder, 'traefik')},dst=/etc/traefik,readonly`;
    const run = [
      'run',
      '-d',
      '--name',
      names.traefik,
      '--network',
      id,
      ...hardened,
      '--tmpfs',
      '/acme:mode=1777',
    ];
    must([...run, '--mount', mount, '-p', '127.0.0.1::8080', '-p', '127.0.0.1::8443', 'traefik:v3.7']);
    const published = (port: number) =>
      Number(/:(\d+)/.exec(must(['port', names.traefik, `${port}/tcp`]))?.[1]);
    const [port, tlsPort] = [published(8080), published(8443)];
    const traefik: RunningTraefik = {
      ask: (host, path, options = {}) => ask(port, host, path, options),
      handshake: (host, authority) => handshake(tlsPort, host, authority),
      logs: () => {
        const { stdout, stderr } = docker(['logs', names.traefik]);
        return stdout + stderr;
      },
      healthcheck: () => docker(['exec', names.traefik, 'traefik', 'healthcheck']).code,
      stop,
    };
    await untilRouted(traefik, ready);
    return traefik;
  } catch (error) {
    stop();
    throw error;
  }
}

async function untilRouted(traefik: RunningTraefik, [host, path]: [string, string]): Promise<void> {
  const limit = Date.now() + 15_000;
  for (;;) {
    const status = await traefik.ask(host, path).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status !== 0 && status !== 404 && status < 500) return;
    if (Date.now() > limit) throw new Error(`Traefik does not route ${host}${path}:\n${traefik.logs()}`);
    await delay(50);
  }
}

function ask(
  port: number,
  host: string,
  path: string,
  options: { method?: string; headers?: Record<string, string> },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {} } = options;
    request(
      { host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    )
      .on('error', reject)
      .end();
  });
}

function handshake(port: number, servername: string, ca: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, ca }, () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function must(args: string[]): string {
  const { code, stdout, stderr } = docker(args);
  if (code !== 0) throw new Error(`docker ${args.slice(0, 2).join(' ')}: ${stderr}`);
  return stdout.trim();
}
