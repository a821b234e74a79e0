import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serviceSchema } from '../../runtime/config/catalog.ts';
import { findCommand } from '../../runtime/install/find-command.ts';
import { installService } from '../../runtime/install/install.ts';

let folder: string;
const oldPath = process.env.PATH;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-install-'));
});
afterEach(() => {
  process.env.PATH = oldPath;
  rmSync(folder, { recursive: true, force: true });
});

/** Puts an npm of our own first on PATH; it runs in the folder where it is to install. */
function useNpm(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.npm_config_test_runs = join(folder, 'runs');
  process.env.PATH = `${bin}:${oldPath}`;
}

const npmService = serviceSchema.parse({
  ...{ name: 'thing', title: 'T', description: 'D', kind: 'proxy' },
  package: { npm: '@scope/thing', version: '1.2.3', bin: 'thing' },
});

/** An npm that makes what the real one would, and counts its runs. */
const NPM = `
echo run >> "$npm_config_test_runs"
mkdir -p node_modules/@scope/thing
echo '{"bin":{"thing":"dist/index.js"}}' > node_modules/@scope/thing/package.json
`;

describe('installService', () => {
  it('fetches an npm package once and starts it without npm', async () => {
    useNpm(NPM);
    const onFetch = vi.fn();
    const install = () =>
      installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p'), onFetch });
    const first = await install();
    expect(await install()).toEqual(first);
    expect(first.file).toBe(process.execPath);
    expect(first.args[0]).toMatch(/@scope\+thing@1\.2\.3\/node_modules\/@scope\/thing\/dist\/index\.js$/);
    expect(onFetch).toHaveBeenCalledTimes(1);
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
  });

  it('says that the registry cannot be reached, and leaves nothing half done', async () => {
    useNpm('echo "npm error code ENOTFOUND" >&2; exit 1');
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(
      /@scope\/thing@1\.2\.3 could not be fetched: the package registry cannot be/,
    );
    expect(readdirSync(join(folder, 'p', 'npm'))).toEqual([]);
  });

  it("hands a package manager none of the gateway's secrets", async () => {
    useNpm(`env > "${join(folder, 'seen')}"; exit 1`);
    const secrets = ['GITHUB_CLIENT_SECRET', 'GATEWAY_JWT_SECRET', 'REDIS_PASSWORD'];
    for (const name of secrets) process.env[name] = 'top-secret';
    process.env.npm_config_proxy = 'http://proxy.example';
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow('could not be fetched');
    for (const name of [...secrets, 'npm_config_proxy']) delete process.env[name];
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    expect(seen).not.toContain('top-secret');
    expect(seen).toContain('npm_config_proxy=http://proxy.example');
  });

  it('says what npm said when it fails otherwise', async () => {
    useNpm('echo "npm error notarget No matching version" >&2; exit 1');
    const install = installService(npmService, process.env.PATH ?? '', { folder: join(folder, 'p') });
    await expect(install).rejects.toThrow(/notarget No matching version/);
  });

  it('says what to install where the machine lacks something', async () => {
    const service = {
      ...npmService,
      requires: [{ command: 'no-such-program', install: 'Frob 3 (package frob)' }],
    };
    await expect(installService(service, oldPath ?? '', { folder })).rejects.toThrow(
      'needs Frob 3 (package frob)',
    );
  });

  it('finds the command of a service without a package, or says that it is not there', async () => {
    const service = serviceSchema.parse({
      ...{ name: 'own', title: 'T', description: 'D', kind: 'proxy' },
      command: ['sh', '-c', 'exit'],
    });
    expect(await installService(service, '/bin', { folder })).toEqual({
      file: '/bin/sh',
      args: ['-c', 'exit'],
    });
    const missing = { ...service, command: ['no-such-program'] };
    await expect(installService(missing, '/bin', { folder })).rejects.toThrow(
      'there is no command no-such-program',
    );
  });
});

describe('findCommand', () => {
  it('looks where a shell would', () => {
    expect(findCommand('sh', '/nowhere::/bin')).toBe('/bin/sh');
    expect(findCommand('/bin/sh', '')).toBe('/bin/sh');
    expect(findCommand('./sh', '/bin', '/bin')).toBe('/bin/sh');
    expect(findCommand('sh', '/nowhere')).toBeUndefined();
    expect(findCommand('passwd', '/etc')).toBeUndefined();
  });
});
