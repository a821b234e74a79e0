/**
 * `health`, `client` and the admin API on a generated stack that runs: real Traefik with a certificate of the local
 * authority, two replicas of auth, Redis, and the two echo services.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker, dockerEnvironment, noDocker } from '../cli/support/docker.ts';
import { freePort } from '../helpers/free-port.ts';
import { type Finished, mcpgw } from '../helpers/mcpgw-process.ts';

const absent = noDocker('engine');
const project = `mcpgw-e2e-${randomBytes(3).toString('hex')}`;
const domain = `${project}.test`;
const address = `127.0.${randomInt(1, 250)}.${randomInt(2, 250)}`;
const env = { ...dockerEnvironment(), GITHUB_CLIENT_SECRET: 'github-secret-of-the-health-test' };
const HOSTS = ['auth', 'echo-stateful', 'echo-stateless'].map((name) => `${name}.${domain}`);
let folder = '';
let resolve: string[] = [];

const run = (...args: string[]): Promise<Finished> => mcpgw(args, { cwd: folder, env });

/** @returns standard output; fails when the command did */
async function must(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(`mcpgw ${args[0]} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

interface Check {
  check: string;
  subject: string;
  state: string;
}

async function health(): Promise<{ code: number | null; failed: string[]; text: string }> {
  const { code, stdout } = await run('health', '--json', ...resolve);
  const { checks } = JSON.parse(stdout) as { checks: Check[] };
  const failed = checks
    .filter(({ state }) => state === 'failed')
    .map(({ check, subject }) => `${check} ${subject}`);
  return { code, failed, text: stdout };
}

/** Waits until health says this, for at most a minute. */
async function untilFailed(expected: string[]): Promise<void> {
  await expect
    .poll(async () => (await health()).failed, { timeout: 60_000, interval: 500 })
    .toEqual(expected);
}

describe.skipIf(absent !== undefined)(
  `health and client of a stack${absent === undefined ? '' : ` (${absent})`}`,
  () => {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), `${project}-`));
      const [http, https] = [await freePort(address), await freePort(address)];
      resolve = HOSTS.flatMap((host) => ['--resolve', `${host}:${https}:${address}`]);
      await must(
        ...['init', '--yes', '--domain', domain, '--tls', 'internal', '--bind-address', address],
        ...[
          '--http-port',
          String(http),
          '--https-port',
          String(https),
          '--services',
          'echo-stateful,echo-stateless',
        ],
        ...['--github-client-id', 'github-client', '--allowed-users', 'alice'],
        ...['--set', `COMPOSE_PROJECT_NAME=${project}`],
        ...['--set', `NETWORK_RANGE=10.${randomInt(100, 200)}.${randomInt(0, 15) * 16}.0/20`],
      );
      await must('up');
    });

    afterAll(async () => {
      if (folder === '') return;
      await run('down', '--volumes', '--yes');
      const images = docker(['image', 'ls', '--quiet', '--filter', `reference=${project}-*`]).stdout.split(
        '\n',
      );
      docker(['image', 'rm', '--force', ...images.filter((id) => id !== '')]);
      rmSync(folder, { recursive: true, force: true });
    });

    it('is green, with the local authority trusted by itself, and leaves nothing behind', async () => {
      const { code, failed, text } = await health();
      expect({ code, failed }).toEqual({ code: 0, failed: [] });
      expect(text).not.toContain('eyJ');
      expect(JSON.parse(await must('client', 'list', '--json'))).toEqual({ clients: [] });
      expect(await must('doctor', '--json', ...resolve)).toContain('in use by this gateway');
    });

    it('registers, shows and deletes a client', async () => {
      const flags = ['--name', 'e2e', '--redirect-uri', 'http://127.0.0.1/callback'];
      const { client_id: id, client_secret: secret } = JSON.parse(
        await must('client', 'register', ...flags, '--json'),
      );
      expect(secret).toEqual(expect.any(String));
      expect(await must('client', 'show', '--', id)).toContain('http://127.0.0.1/callback');
      expect(await must('client', 'delete', '--yes', '--', id)).toContain(id);
      expect(await run('client', 'show', '--', id)).toMatchObject({ code: 1 });
    });

    it('has an admin API that only its own container reaches', () => {
      const ask = (container: string, url: string) =>
        docker([
          'exec',
          container,
          'node',
          '-e',
          `fetch('${url}').then((r) => console.log(r.status), (e) => console.log(e.cause.code))`,
        ]).stdout.trim();
      expect(ask(`${project}-auth-1`, 'http://127.0.0.1:8081/clients')).toBe('401');
      const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}';
      const addresses = docker(['inspect', '--format', format, `${project}-auth-1`])
        .stdout.trim()
        .split(' ');
      expect(addresses.length).toBeGreaterThan(1);
      for (const own of addresses) {
        expect(ask(`${project}-auth-1`, `http://${own}:8081/clients`)).toBe('ECONNREFUSED');
        expect(ask(`${project}-auth-2`, `http://${own}:8081/clients`)).toBe('ECONNREFUSED');
      }
    });

    it('finds a service that is down, a store that is down, and that both are back', async () => {
      docker(['stop', '--time', '1', `${project}-echo-stateful-1`]);
      const down = await health();
      expect(down).toMatchObject({ code: 3, failed: ['initialize echo-stateful'] });
      docker(['start', `${project}-echo-stateful-1`]);
      await untilFailed([]);
      docker(['stop', '--time', '1', `${project}-redis-1`]);
      await untilFailed(['store gateway', 'token gateway']);
      docker(['start', `${project}-redis-1`]);
      await untilFailed([]);
    });

    it('has no token or secret in any log', () => {
      const secret = readFileSync(join(folder, 'secrets', 'gateway_jwt_secret'), 'utf8');
      const { stdout, stderr } = docker(['compose', '--project-name', project, 'logs', '--no-color'], folder);
      expect(stdout).toContain('health_tokens_issued');
      expect(stdout + stderr).not.toMatch(/eyJ[A-Za-z0-9_-]{10}/);
      expect(stdout + stderr).not.toContain(secret);
    });
  },
);
