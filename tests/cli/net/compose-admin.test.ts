import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DockerMissingError, type RunDocker, type RunResult } from '../../../cli/compose/run.ts';
import { findGateway } from '../../../cli/net/gateway.ts';
import { runInit, SECRETS, temporaryFolder } from '../support/run-init.ts';

const done = (stdout: string, code = 0, stderr = ''): RunResult => ({ code, stdout, stderr });

/** What docker says when it is as it should be. */
const HEALTHY: Record<string, RunResult> = {
  'compose version': done('2.26.1'),
  'version --format': done('20.10.24'),
  'context inspect': done('unix:///var/run/docker.sock'),
};

/** @param others folders that the project's containers were made from */
async function stack(exec: () => Promise<RunResult>, others: string[] = []) {
  const folder = temporaryFolder();
  const flags = { dir: folder, domain: 'mcp.localhost', tls: 'off', identityProvider: 'local' };
  await runInit({
    ...flags,
    services: 'time',
    set: ['BIND_ADDRESS=127.0.0.1', 'MCP_PROTOCOL_VERSION=2025-06-18'],
  });
  const argvs: string[][] = [];
  const run: RunDocker = (argv) => {
    argvs.push(argv);
    if (argv.includes('exec')) return exec();
    if (argv[1] === 'ls') return Promise.resolve(done(`${others.join('\n')}\n`));
    return Promise.resolve(HEALTHY[argv.slice(0, 2).join(' ')] ?? done('', 1));
  };
  return { folder, argvs, gateway: await findGateway(folder, {}, run) };
}

describe('the gateway of a Compose stack', () => {
  it('is what .env says', async () => {
    const { gateway } = await stack(() => Promise.resolve(done('')));
    expect(gateway).toMatchObject({
      kind: 'compose',
      issuer: 'https://auth.mcp.localhost',
      services: [{ name: 'time', url: 'https://time.mcp.localhost/mcp' }],
      protocolVersion: '2025-06-18',
      store: 'Redis',
    });
  });

  it('is asked in the container of auth, with no secret in an argument', async () => {
    const { gateway, argvs, folder } = await stack(() =>
      Promise.resolve(done('{"status":404,"body":{"error":"x"}}\n')),
    );
    expect(await gateway.admin(['show', '-client'])).toEqual({ status: 404, body: { error: 'x' } });
    expect(argvs).toHaveLength(2);
    const argv = argvs[1] ?? [];
    expect(argv.slice(argv.indexOf('exec'))).toEqual([
      'exec',
      '--no-TTY',
      'auth',
      'node',
      '/opt/mcpgw/dist/runtime/main.js',
      'admin',
      'show',
      '-client',
    ]);
    expect(argv).toContain(folder);
    for (const secret of Object.values(SECRETS)) expect(argvs.flat().join(' ')).not.toContain(secret);
  });

  it('is not asked where its containers are those of another gateway', async () => {
    const { folder: other } = await stack(() => Promise.resolve(done('')));
    writeFileSync(join(other, 'secrets', 'gateway_jwt_secret'), 'another');
    const { gateway, argvs } = await stack(() => Promise.resolve(done('')), [other]);
    await expect(gateway.admin(['revoke-user'])).rejects.toThrow(/another gateway.*COMPOSE_PROJECT_NAME/);
    expect(argvs.filter((argv) => argv.includes('exec'))).toEqual([]);
  });

  it.each<[string, RunResult, RegExp]>([
    ['is not running', done('', 1, 'service "auth" is not running'), /auth does not run.*mcpgw up/],
    ['fails', done('', 1, 'TypeError: fetch failed\n'), /fetch failed/],
    ['says something else', done('hello'), /mcpgw logs auth/],
  ])('says what to do when auth %s', async (_, result, message) => {
    const { gateway } = await stack(() => Promise.resolve(result));
    await expect(gateway.admin(['ping'])).rejects.toThrow(message);
  });

  it('says when there is no Docker', async () => {
    const { folder } = await stack(() => Promise.resolve(done('')));
    const run: RunDocker = () => Promise.reject(new DockerMissingError('there is no docker'));
    const gateway = await findGateway(folder, {}, run);
    await expect(gateway.admin(['ping'])).rejects.toThrow(/Docker is not installed here.*mcpgw dev/);
  });
});

describe('a folder without a gateway', () => {
  it('is named, with the ways to one', async () => {
    const folder = temporaryFolder();
    await expect(findGateway(folder, {})).rejects.toThrow(/no gateway runs in .*mcpgw dev.*mcpgw up.*--dir/);
    writeFileSync(join(folder, 'compose.yaml'), 'services: {}\n');
    await expect(findGateway(folder, {})).rejects.toThrow(/there is no \.env/);
  });
});
