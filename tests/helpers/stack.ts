/**
 * A generated stack, running in Docker for one test: its own Compose project, loopback address, ports, networks and
 * host names, TLS of its own local authority, a stand-in for GitHub, and nothing of it left behind.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { docker, dockerEnvironment } from '../cli/support/docker.ts';
import { freePort } from './free-port.ts';
import { type Finished, mcpgw } from './mcpgw-process.ts';
import { resolvingFetch } from './resolving-fetch.ts';
import { projectDocker, type ProjectDocker } from './stack-docker.ts';
import { PAGE } from './stack-page.ts';

export interface StackOptions {
  services: readonly string[];
  mode?: 'subdomain' | 'path';
}

export interface Stack extends ProjectDocker {
  folder: string;
  project: string;
  domain: string;
  /** Where Traefik is published. */
  address: string;
  httpPort: number;
  port: number;
  /**
   * Reaches the stack's names, trusting its authority alone, and the identity provider's stand-in as `account`.
   * @param serverName for the TLS handshake, so that a request can have a host that no certificate names
   */
  fetchAs: (account: string, headers?: Record<string, string>, serverName?: string) => typeof fetch;
  /** The MCP URL of a service. */
  url: (service: string) => string;
  /** Of the authorization server. */
  issuer: string;
  /** `mcpgw` in the stack's folder. */
  mcpgw(...args: string[]): Promise<Finished>;
  /** As above; fails when it does. @returns what it printed, as JSON */
  json<T>(...args: string[]): Promise<T>;
  /** `--resolve` for every host, for the commands that take it. */
  resolve: string[];
  /** The value of a key in `.env`. */
  env(key: string): string;
  setEnv(key: string, value: string): void;
  /** Starts the identity provider's stand-in; the stack's networks must be there. */
  /** Resolves when the stand-in answers. */
  startGithub(): Promise<void>;
  stopGithub(): void;
  remove(): void;
}

const GITHUB = 'github.test';
/** Those that open web pages, wherever they are (`fetch` refuses addresses that are not public). */
const READERS = ['playwright'];

/** `init` in a fresh folder; starts nothing. */
export async function createStack({ services, mode = 'subdomain' }: StackOptions): Promise<Stack> {
  const project = `mcpgw-e2e-${randomBytes(3).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), `${project}-`));
  const domain = `${project}.test`;
  const address = `127.0.${randomInt(1, 250)}.${randomInt(2, 250)}`;
  const [httpPort, port, githubPort] = [
    await freePort(address),
    await freePort(address),
    await freePort(address),
  ];
  const env = { ...dockerEnvironment(), GITHUB_CLIENT_SECRET: 'github-secret-of-the-stack-test' };
  const run = (...args: string[]) => mcpgw(args, { cwd: folder, env });
  const init = await run(
    ...['init', '--yes', '--mode', mode, '--domain', domain, '--tls', 'internal', '--bind-address', address],
    ...['--http-port', String(httpPort), '--https-port', String(port), '--services', services.join(',')],
    ...['--allowed-users', 'alice,bob', '--github-client-id', 'github-client'],
    ...['--github-base-url', `http://${GITHUB}:${githubPort}`],
    ...['--set', `COMPOSE_PROJECT_NAME=${project}`],
    ...['--set', `NETWORK_RANGE=10.${randomInt(100, 200)}.${randomInt(0, 15) * 16}.0/20`],
  );
  if (init.code !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`mcpgw init ended with ${init.code}:\n${init.stderr}`);
  }
  const hosts = mode === 'path' ? [domain] : ['auth', ...services].map((name) => `${name}.${domain}`);
  const own = projectDocker(project);
  const envPath = join(folder, '.env');
  const removeGithub = () => docker(['rm', '--force', `${project}-github`]);
  return {
    ...{ folder, project, domain, address, httpPort, port, ...own, mcpgw: run },
    fetchAs: (account, headers = {}, serverName) => {
      const ca = readFileSync(join(folder, 'tls', 'ca.pem'), 'utf8');
      const known = resolvingFetch(({ protocol, hostname }) => {
        if (hostname === GITHUB) return { address, port: githubPort, protocol: 'http' };
        if (!hostname.endsWith(domain)) return undefined;
        return protocol === 'https:'
          ? { address, port, protocol: 'https', ca, ...(serverName === undefined ? {} : { serverName }) }
          : { address, port: httpPort, protocol: 'http' };
      });
      return (input, init) => {
        const request = new Request(input, init);
        request.headers.set('x-test-account', account);
        for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
        return known(request, { redirect: init?.redirect ?? 'follow' });
      };
    },
    url: (service) =>
      mode === 'path'
        ? `https://${domain}:${port}/${service}/mcp`
        : `https://${service}.${domain}:${port}/mcp`,
    issuer: `https://${mode === 'path' ? '' : 'auth.'}${domain}:${port}`,
    json: async <T>(...args: string[]) => {
      const { code, stdout, stderr } = await run(...args, '--json');
      if (code !== 0) throw new Error(`mcpgw ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
      return JSON.parse(stdout) as T;
    },
    resolve: hosts.flatMap((host) => ['--resolve', `${host}:${port}:${address}`]),
    env: (key) => {
      const found = new RegExp(`^${key}='?([^'\\n]*)`, 'm').exec(readFileSync(envPath, 'utf8'))?.[1];
      if (!found) throw new Error(`${key} has no value in .env`);
      return found;
    },
    setEnv: (key, value) => {
      const line = new RegExp(`^${key}=.*$`, 'm');
      const before = readFileSync(envPath, 'utf8');
      const after = `${key}=${value}`;
      writeFileSync(envPath, line.test(before) ? before.replace(line, after) : `${before}${after}\n`);
    },
    startGithub: async () => {
      const started = docker([
        ...['run', '--detach', '--name', `${project}-github`, '--network', `${project}_outbound`],
        ...['--network-alias', GITHUB, '--publish', `${address}:${githubPort}:${githubPort}`],
        ...['--volume', `${import.meta.dirname}:/app:ro`, 'node:24-slim'],
        ...['node', '/app/stack-github.ts', String(githubPort)],
      ]);
      if (started.code !== 0) throw new Error(started.stderr);
      for (const reader of READERS.filter((name) => services.includes(name))) {
        const network = `${project}_service-${reader}`;
        docker(['network', 'connect', '--alias', PAGE.host, network, `${project}-github`]);
      }
      await answering(`http://${address}:${githubPort}/`);
    },
    stopGithub: removeGithub,
    remove: () => {
      removeGithub();
      own.removeAll();
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Docker takes connections to a published port before the container does, and then cuts them. */
async function answering(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined) return;
    if (Date.now() > deadline) throw new Error(`${url} does not answer`);
    await setTimeout(100);
  }
}
