import { appendFileSync, chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mcpgw } from './support/cli.ts';
import { GITHUB, readAll, runInit, SECRETS, temporaryFolder } from './support/run-init.ts';
import { mcpgwVersion } from '../../cli/version.ts';

/** A folder that `init` of this very version made. */
async function gateway(): Promise<string> {
  const dir = temporaryFolder();
  await runInit({ ...GITHUB, dir, services: 'memory,echo-stateful' }, { version: mcpgwVersion() });
  return dir;
}

const edit = (dir: string, from: string, to: string) => {
  const path = join(dir, '.env');
  writeFileSync(path, readFileSync(path, 'utf8').replace(from, to));
};

describe('generate', () => {
  test('--check is content with what init wrote, and names what is missing, different and left over', async () => {
    const dir = await gateway();
    expect(await mcpgw(['generate', '--check', '--dir', dir])).toMatchObject({ code: 0, stderr: '' });
    edit(dir, 'MCP_MEMORY_ENABLED=true', 'MCP_MEMORY_ENABLED=false');
    edit(dir, 'MCP_EVERYTHING_ENABLED=false', 'MCP_EVERYTHING_ENABLED=true');
    appendFileSync(join(dir, 'docker/runtime.Dockerfile'), '# by hand\n');
    const before = readAll(dir);
    const { code, stdout } = await mcpgw(['generate', '--check', '--dir', dir]);
    expect(code).toBe(1);
    for (const line of [
      'missing   docker/everything.Dockerfile',
      'differs   compose.yaml',
      'differs   docker/runtime.Dockerfile (edited by hand)',
      'left over docker/memory.Dockerfile',
      'left over secrets/context_memory',
      'left over traefik/dynamic/service-memory.yaml',
    ]) {
      expect(stdout).toContain(line);
    }
    expect(readAll(dir)).toEqual(before);
  });

  test('--diff shows differences, but no secret', async () => {
    const dir = await gateway();
    edit(dir, 'mcp.example.com', 'new.example.com');
    edit(dir, SECRETS.github, 'a-new-github-secret');
    const { code, stdout } = await mcpgw(['generate', '--diff', '--dir', dir]);
    expect(code).toBe(0);
    expect(stdout).toContain('--- a/compose.yaml\n+++ b/compose.yaml\n');
    expect(stdout).toContain(
      '-      BASE_DOMAIN: "mcp.example.com"\n+      BASE_DOMAIN: "new.example.com"\n',
    );
    expect(stdout).toContain('secrets/github_client_secret: changed (a secret, not shown)');
    expect(stdout).not.toContain('a-new-github-secret');
    expect((await mcpgw(['generate', '--diff', '--check', '--dir', dir])).code).toBe(1);
  });

  test('writes what differs, and only that', async () => {
    const dir = await gateway();
    rmSync(join(dir, 'traefik'), { recursive: true });
    edit(dir, 'MCP_MEMORY_ENABLED=true', 'MCP_MEMORY_ENABLED=false');
    const { code, stdout } = await mcpgw(['generate', '--json', '--dir', dir]);
    expect(code).toBe(0);
    const { changes } = JSON.parse(stdout) as { changes: { path: string; action: string }[] };
    expect(changes).toContainEqual({ path: 'traefik/traefik.yaml', action: 'create' });
    expect(changes).toContainEqual({ path: 'docker/memory.Dockerfile', action: 'remove' });
    expect(changes.map(({ path }) => path)).not.toContain('docker/runtime.Dockerfile');
    expect((await mcpgw(['generate', '--check', '--dir', dir])).code).toBe(0);
  });

  test('refuses to replace what was edited by hand, unless forced', async () => {
    const dir = await gateway();
    appendFileSync(join(dir, 'traefik/traefik.yaml'), 'api: {}\n');
    const refused = await mcpgw(['generate', '--dir', dir]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('traefik/traefik.yaml: edited by hand');
    expect((await mcpgw(['generate', '--force', '--dir', dir])).code).toBe(0);
    expect((await mcpgw(['generate', '--check', '--dir', dir])).code).toBe(0);
  });

  test('leaves files of the user in the generated folders alone', async () => {
    const dir = await gateway();
    for (const path of ['docker/mine.Dockerfile', 'traefik/dynamic/mine.yaml', 'secrets/mine'])
      writeFileSync(join(dir, path), 'x');
    expect((await mcpgw(['generate', '--check', '--dir', dir])).code).toBe(0);
  });

  test('says everything that is wrong with .env at once, and that it is open to others', async () => {
    const dir = await gateway();
    edit(dir, 'HTTP_PORT=80', 'HTTP_PORT=high');
    edit(dir, 'ROUTING_MODE=subdomain', 'ROUTING_MODE=sideways');
    const { code, stderr, stdout } = await mcpgw(['generate', '--json', '--dir', dir]);
    expect(code).toBe(1);
    expect(stderr).toContain('HTTP_PORT: must be a whole number');
    expect(stderr).toContain('ROUTING_MODE: must be subdomain or path');
    expect(JSON.parse(stdout)).toMatchObject({
      error: { exitCode: 1, faults: [{ key: 'ROUTING_MODE' }, { key: 'HTTP_PORT' }] },
    });

    const open = await gateway();
    chmodSync(join(open, '.env'), 0o644);
    expect((await mcpgw(['generate', '--check', '--dir', open])).stderr).toContain('chmod 600');
  });

  test('the environment goes before .env', async () => {
    const dir = await gateway();
    const { code, stdout } = await mcpgw(['generate', '--check', '--dir', dir], {
      BASE_DOMAIN: 'env.example.com',
    });
    expect([code, stdout]).toEqual([1, expect.stringContaining('compose.yaml')]);
  });

  test('a service of the folder’s own is rendered like ours', async () => {
    const dir = await gateway();
    const yaml =
      'name: mine\ntitle: Mine\ndescription: Mine.\nkind: proxy\npackage: { npm: mine, version: 1.0.0, bin: mine }\nenv:\n  KEY: { secret: MY_KEY }\n';
    mkdirSync(join(dir, 'services'));
    writeFileSync(join(dir, 'services/mine.yaml'), yaml);
    appendFileSync(join(dir, '.env'), 'MCP_MINE_ENABLED=true\n');
    expect((await mcpgw(['generate', '--dir', dir])).stderr).toContain(
      'MY_KEY: is a secret that an enabled service needs',
    );
    appendFileSync(join(dir, '.env'), 'MY_KEY=topsecret\n');
    expect((await mcpgw(['generate', '--dir', dir])).code).toBe(0);
    const compose = readFileSync(join(dir, 'compose.yaml'), 'utf8');
    expect(compose).toContain('MY_KEY_FILE: "/run/secrets/my_key"');
    expect(compose).not.toContain('topsecret');
    expect(readFileSync(join(dir, 'secrets/service_my_key'), 'utf8')).toBe('topsecret');
  });
});
