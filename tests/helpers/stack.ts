/**
 * A generated stack, running in Docker for one test: its own Compose project, loopback address, ports and networks, and
 * nothing of it left behind.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker, dockerEnvironment } from '../cli/support/docker.ts';
import { type Finished, mcpgw } from './mcpgw-process.ts';
import { resolvingFetch } from './resolving-fetch.ts';

export interface Stack {
  folder: string;
  project: string;
  domain: string;
  address: string;
  port: number;
  /** Reaches the stack's names, and the identity provider's stand-in as `account`. */
  fetchAs(account: string, headers?: Record<string, string>): typeof fetch;
  /** The MCP URL of a service. */
  url(service: string): string;
  /** `mcpgw` in the stack's folder. */
  mcpgw(...args: string[]): Promise<Finished>;
  /** Starts the identity provider's stand-in; the stack's networks must be there. */
  startGithub(): void;
  /** Id by name of the project's containers. */
  containers(): Record<string, string>;
  /** Addresses of a service's containers, in all their networks. */
  addresses(service: string): string[];
  /** What Docker has of the project: containers, networks, volumes. */
  leftOver(): string[];
  remove(): void;
}

const GITHUB = 'github.test';

/** @param services to enable, as `init` takes them */
export async function createStack(services: string): Promise<Stack> {
  const project = `mcpgw-e2e-${randomBytes(3).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), `${project}-`));
  const domain = `${project}.test`;
  const address = `127.0.${randomInt(1, 250)}.${randomInt(2, 250)}`;
  const [port, githubPort] = [await freePort(address), await freePort(address)];
  const env = { ...dockerEnvironment(), GITHUB_CLIENT_SECRET: 'github-secret-of-the-stack-test' };
  const run = (...args: string[]) => mcpgw(args, { cwd: folder, env });
  const init = await run(
    ...['init', '--yes', '--domain', domain, '--services', services, '--allowed-users', 'alice,bob'],
    ...['--tls', 'off', '--bind-address', address, '--http-port', String(port)],
    ...['--github-client-id', 'github-client', '--github-base-url', `http://${GITHUB}:${githubPort}`],
    ...['--set', `COMPOSE_PROJECT_NAME=${project}`],
    ...['--set', `NETWORK_RANGE=10.${randomInt(100, 200)}.${randomInt(0, 15) * 16}.0/20`],
  );
  if (init.code !== 0) throw new Error(`mcpgw init ended with ${init.code}:\n${init.stderr}`);

  const ofProject = (kind: string, ...args: string[]) =>
    lines(
      docker([kind, 'ls', ...args, '--quiet', '--filter', `label=com.docker.compose.project=${project}`])
        .stdout,
    );
  return {
    ...{ folder, project, domain, address, port },
    fetchAs: (account, headers = {}) => {
      const known = resolvingFetch(({ hostname }) => {
        if (hostname === GITHUB) return { address, port: githubPort, protocol: 'http' };
        return hostname.endsWith(domain) ? { address, port, protocol: 'http' } : undefined;
      });
      return (input, init) => {
        const request = new Request(input, init);
        request.headers.set('x-test-account', account);
        for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
        return known(request, { redirect: init?.redirect ?? 'follow' });
      };
    },
    url: (service) => `https://${service}.${domain}/mcp`,
    mcpgw: run,
    startGithub: () => {
      const started = docker([
        ...['run', '--detach', '--name', `${project}-github`, '--network', `${project}_outbound`],
        ...['--network-alias', GITHUB, '--publish', `${address}:${githubPort}:${githubPort}`],
        ...['--volume', `${import.meta.dirname}:/app:ro`, 'node:24-slim'],
        ...['node', '/app/stack-github.ts', String(githubPort)],
      ]);
      if (started.code !== 0) throw new Error(started.stderr);
    },
    containers: () => {
      const format = [
        '--format',
        '{{.Names}} {{.ID}}',
        '--filter',
        `label=com.docker.compose.project=${project}`,
      ];
      return Object.fromEntries(
        lines(docker(['ps', ...format]).stdout).map((line) => line.split(' ') as [string, string]),
      );
    },
    addresses: (service) => {
      const ids = ofProject('container', '--filter', `label=com.docker.compose.service=${service}`);
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{"\\n"}}{{end}}';
      return lines(docker(['inspect', '--format', format, ...ids]).stdout);
    },
    leftOver: () => [...ofProject('container', '--all'), ...ofProject('network'), ...ofProject('volume')],
    remove: () => {
      docker(['rm', '--force', `${project}-github`]);
      const remove = (kind: string, ids: string[]) =>
        ids.length > 0 && docker([kind, 'rm', '--force', ...ids]);
      remove('container', ofProject('container', '--all'));
      for (const network of ofProject('network')) docker(['network', 'rm', network]);
      remove('volume', ofProject('volume'));
      remove('image', lines(docker(['image', 'ls', '--quiet', '--filter', `reference=${project}-*`]).stdout));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, address, done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
