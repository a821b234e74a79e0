/**
 * A generated gateway whose certificates come from a real ACME server: pebble, in a container beside Traefik, which
 * finds the gateway's hosts by Traefik's aliases there. A project, an address, ports and names of its own.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { parse, stringify } from 'yaml';
import { localFiles } from '../../cli/tls/local-authority.ts';
import { certificateBlocks, keyBlock } from '../../cli/tls/pem.ts';
import { docker, dockerEnvironment, noDocker } from '../cli/support/docker.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Finished, mcpgw } from '../helpers/mcpgw-process.ts';

const PEBBLE = 'github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1';
const TOOLS = join(process.env.MCPGW_E2E ?? '/var/tmp/mcpgw-e2e', 'tools');
/** Short enough that Traefik, which renews such certificates 20 minutes before their end, does so at once. */
export const VALID_SECONDS = 1_230;
const DNS_PASSWORD = 'password-of-the-dns-provider';

/** @returns why this cannot run here */
export function noAcme(): string | undefined {
  const engine = noDocker('compose') ?? noDocker('engine');
  if (engine !== undefined || process.env.MCPGW_TEST_REQUIRE === 'all') return engine;
  return existsSync(join(TOOLS, 'pebble')) || spawnSync('go', ['version']).status === 0
    ? undefined
    : 'there is no Go here to build pebble with';
}

export interface AcmeGateway {
  domain: string;
  hosts: string[];
  address: string;
  httpPort: number;
  httpsPort: number;
  folder: string;
  mcpgw(...args: string[]): Promise<Finished>;
  compose(...args: string[]): void;
  /** PEM of the root that pebble signs with; a new one each time pebble starts. */
  root(): Promise<string>;
  /** A handshake from outside. @throws Error when the certificate is not trusted by `root` */
  handshake(host: string, root: string): Promise<PeerCertificate>;
  /** GET from outside. */
  get(host: string, path: string, root: string): Promise<{ status: number; body: string }>;
  logs(service: string): string;
  leftOver(): string[];
  remove(): void;
}

export type Challenge = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** Generates, and starts nothing. */
export async function createAcmeGateway(
  challenge: Challenge,
  mode: 'subdomain' | 'path',
): Promise<AcmeGateway> {
  const project = `mcpgw-acme-${randomBytes(3).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), `${project}-`));
  const domain = `${project}.test`;
  const address = `127.0.${randomInt(1, 250)}.${randomInt(2, 250)}`;
  const [httpPort, httpsPort, managementPort] = [
    await freePort(address),
    await freePort(address),
    await freePort(address),
  ];
  const pebbleTrust = preparePebble(folder);
  const env = {
    ...dockerEnvironment(),
    ...{
      HTTPREQ_ENDPOINT: 'http://dns-provider:8053',
      HTTPREQ_USERNAME: 'mcpgw',
      HTTPREQ_PASSWORD: DNS_PASSWORD,
    },
  };
  const run = (...args: string[]) => mcpgw(args, { cwd: folder, env });
  const init = await run(
    ...['init', '--yes', '--mode', mode, '--domain', domain, '--services', 'echo-stateful,echo-stateless'],
    ...['--tls', 'acme', '--acme-email', `admin@${domain}`, '--acme-challenge', challenge],
    ...['--acme-ca-url', 'https://pebble:14000/dir', '--acme-ca-cert-file', join(folder, 'pebble-ca.pem')],
    ...['--identity-provider', 'local', '--bind-address', address],
    ...['--http-port', String(httpPort), '--https-port', String(httpsPort)],
    ...['--set', `COMPOSE_PROJECT_NAME=${project}`, '--set', 'ACME_CERT_HOURS=1', '--set', 'AUTH_REPLICAS=1'],
    ...['--set', `NETWORK_RANGE=10.${randomInt(100, 200)}.${randomInt(0, 15) * 16}.0/20`],
    ...(challenge === 'dns-01' ? DNS_FLAGS : []),
  );
  if (init.code !== 0) throw new Error(`mcpgw init ended with ${init.code}:\n${init.stderr}`);
  const hosts =
    mode === 'path'
      ? [domain]
      : ['auth', 'echo-stateful', 'echo-stateless'].map((name) => `${name}.${domain}`);
  writeOverride(folder, challenge, domain, hosts, `${address}:${managementPort}:15000`);
  const compose = (...args: string[]) => {
    const { code, stderr } = docker(['compose', '--project-directory', folder, ...args], folder);
    if (code !== 0) throw new Error(`docker compose ${args.join(' ')}: ${stderr}`);
  };
  const ofProject = (kind: string, ...args: string[]) =>
    lines(
      docker([kind, 'ls', '-q', ...args, '--filter', `label=com.docker.compose.project=${project}`]).stdout,
    );
  const place = { host: address, port: httpsPort };
  return {
    ...{ domain, hosts, address, httpPort, httpsPort, folder, mcpgw: run, compose },
    root: async () =>
      (await get({ host: address, port: managementPort }, 'pebble', '/roots/0', pebbleTrust)).body,
    handshake: (host, root) => handshake(place, host, root),
    get: (host, path, root) => get(place, host, path, root),
    logs: (service) => {
      const { stdout, stderr } = docker(
        ['compose', '--project-directory', folder, 'logs', '--no-color', service],
        folder,
      );
      return stdout + stderr;
    },
    leftOver: () => [...ofProject('container', '-a'), ...ofProject('network'), ...ofProject('volume')],
    remove: () => {
      docker(['compose', '--project-directory', folder, 'down', '--volumes', '--timeout', '2'], folder);
      const images = lines(docker(['image', 'ls', '-q', '--filter', `reference=${project}-*`]).stdout);
      if (images.length > 0) docker(['image', 'rm', '--force', ...images]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const DNS_FLAGS = [
  ...[
    '--acme-dns-provider',
    'httpreq',
    '--acme-dns-variables',
    'HTTPREQ_ENDPOINT,HTTPREQ_USERNAME,HTTPREQ_PASSWORD',
  ],
];

/** Pebble's program and files in a folder that its container mounts. @returns what it is trusted by */
function preparePebble(folder: string): string {
  if (!existsSync(join(TOOLS, 'pebble'))) {
    const env = { ...process.env, GOBIN: TOOLS, CGO_ENABLED: '0' };
    const { status, stderr } = spawnSync('go', ['install', PEBBLE], { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`go install ${PEBBLE}: ${stderr}`);
  }
  const mounted = join(folder, 'pebble');
  mkdirSync(mounted);
  chmodSync(mounted, 0o755);
  const none = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
  const { authorityCertificate, served } = localFiles(none, 'pebble', ['pebble'], Date.now());
  const files = {
    'cert.pem': certificateBlocks(served).join('\n'),
    'key.pem': keyBlock(served) ?? '',
    'config.json': JSON.stringify({
      pebble: {
        ...{ listenAddress: '0.0.0.0:14000', managementListenAddress: '0.0.0.0:15000' },
        ...{ certificate: '/pebble/cert.pem', privateKey: '/pebble/key.pem', httpPort: 8080, tlsPort: 8443 },
        profiles: { short: { description: 'ends soon', validityPeriod: VALID_SECONDS } },
      },
    }),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(mounted, name), text, { mode: 0o644 });
  copyFileSync(join(TOOLS, 'pebble'), join(mounted, 'pebble'));
  chmodSync(join(mounted, 'pebble'), 0o755);
  writeFileSync(join(folder, 'pebble-ca.pem'), authorityCertificate);
  return authorityCertificate;
}

/** The user's own addition to the generated stack, as Compose and mcpgw take it. */
function writeOverride(
  folder: string,
  challenge: Challenge,
  domain: string,
  hosts: string[],
  management: string,
): void {
  const { networks } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true }) as {
    networks: Record<string, { ipam: { config: { subnet: string }[] } }>;
  };
  const dns =
    networks.edge?.ipam.config[0]?.subnet.replace(/\.(\d+)\/\d+$/, (_, last) => `.${Number(last) + 12}`) ??
    '';
  const own = { image: 'node:24-slim', networks: { edge: { aliases: ['pebble'] } } };
  const ready =
    "require('net').connect(14000,'127.0.0.1').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))";
  const byDns = challenge === 'dns-01';
  const services = {
    traefik: {
      networks: { edge: { aliases: hosts } },
      depends_on: { pebble: { condition: 'service_healthy' } },
      ...(byDns ? { dns: [dns] } : {}),
    },
    pebble: {
      ...own,
      command: [
        '/pebble/pebble',
        '-config',
        '/pebble/config.json',
        ...(byDns ? ['-dnsserver', `${dns}:53`] : []),
      ],
      environment: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0' },
      volumes: [`${join(folder, 'pebble')}:/pebble:ro`],
      ports: [management],
      healthcheck: { test: ['CMD', 'node', '-e', ready], interval: '1s', retries: 30 },
      ...(byDns ? { depends_on: ['dns'] } : {}),
    },
    ...(byDns
      ? {
          dns: {
            ...own,
            command: ['node', '/app/acme-dns.ts', domain, dns, DNS_PASSWORD],
            volumes: [`${import.meta.dirname}:/app:ro`],
            networks: { edge: { ipv4_address: dns, aliases: ['dns-provider'] } },
          },
        }
      : {}),
  };
  writeFileSync(join(folder, 'compose.override.yaml'), stringify({ services }));
}

function handshake(
  place: { host: string; port: number },
  servername: string,
  ca: string,
): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...place, servername, ca }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function get(
  place: { host: string; port: number },
  name: string,
  path: string,
  ca: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: place.port === 443 ? name : `${name}:${place.port}` };
    request({ ...place, path, ca, servername: name, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
