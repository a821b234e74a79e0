import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ServicesAddFlags } from '../../../cli/commands/services.ts';
import { devCatalog, devConfig } from '../../../cli/dev/values.ts';
import { createOutput } from '../../../cli/output.ts';
import type { Asker } from '../../../cli/prompts/asker.ts';
import { runServicesRemove } from '../../../cli/services/remove.ts';
import { captureSinks, readAll, temporaryFolder } from '../support/run-init.ts';
import { add, SECRET, serviceOf } from './adding.ts';

describe('a package', () => {
  test('of npm is pinned to the current version, with its one command', async () => {
    const folder = temporaryFolder();
    await add(folder, 'mine npx -y @scope/server --flag', { env: ['MODE=a=b'], description: 'Does it.' });
    expect(serviceOf(folder, 'mine')).toMatchObject({
      title: 'mine',
      description: 'Does it.',
      package: { npm: '@scope/server', version: '1.2.3', bin: 'server-mcp' },
      args: ['--flag'],
      env: { MODE: { value: 'a=b' } },
      default: true,
    });
    // Nothing has to be remembered there, so there is still no .env.
    expect([...readAll(folder).keys()]).toEqual(['services/mine.yaml']);
  });

  test('of PyPI gets an image with Python', async () => {
    const folder = temporaryFolder();
    await add(folder, 'notes uvx notes-server --folder {data}', {
      data: 'user',
      internet: true,
      memory: '300m',
    });
    expect(serviceOf(folder, 'notes')).toMatchObject({
      package: { pypi: 'notes-server', version: '0.3.0', bin: 'notes-server' },
      data: 'user',
      container: { base: 'python', internet: true, memory: '300m' },
      requires: [{ command: 'python3' }],
    });
  });

  test.each([
    ['mine npx -y nothing-there', {}, /npm has no nothing-there@latest/],
    ['mine npx -y library', {}, /has no command that could be started/],
    ['mine npx -y kit', {}, /several commands: a, b/],
    ['mine npx -p kit c', {}, /no command c; it has a, b/],
    ['mine uvx notes-server', { version: '9' }, /PyPI has no notes-server==9/],
    ['mine', {}, /behind --/],
    ['auth npx @scope/server', {}, /the gateway needs itself/],
    ['memory npx @scope/server', {}, /of mcpgw's own/],
    ['My_Name npx @scope/server', {}, /lower-case letters/],
    ['mine npx @scope/server', { env: ['A=1'], secret: ['A'] }, /A is given twice/],
    ['mine npx @scope/server', { env: ['A'] }, /NAME=VALUE/],
    ['mine npx @scope/server', { env: ['A B=1'] }, /not the name of an environment variable/],
    ['mine npx @scope/server', { memory: '1g' }, /memory/],
    ['mine npx @scope/server', { apt: ['x;rm'] }, /not the name of a Debian package/],
    ['mine npx @scope/server', { secret: ['A', 'B'] }, /only one secret/],
    ['mine npx @scope/server', { secret: ['A'] }, /A has no value/],
    ['mine npx @scope/server', { secretFile: ['A=x'] }, /add --secret A/],
  ] satisfies [string, Partial<ServicesAddFlags>, RegExp][])(
    '%s %o is refused, and nothing written',
    async (line, flags, message) => {
      const folder = temporaryFolder();
      await expect(add(folder, line, flags)).rejects.toThrow(message);
      expect(readAll(folder).size).toBe(0);
    },
  );
});

describe('a secret', () => {
  const inAll = (folder: string) =>
    [...readAll(folder)].filter(([, text]) => text.includes(SECRET)).map(([path]) => path);

  test('from standard input is in .env, which nobody else can read, and nowhere else', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), '# mine\nBASE_DOMAIN=mcp.example.com\n');
    const captured = await add(
      folder,
      'mine npx @scope/server',
      { secret: ['TOKEN'] },
      {
        readStdin: () => Promise.resolve(`${SECRET}\n`),
      },
    );
    expect(inAll(folder)).toEqual(['.env']);
    expect(captured.stdout + captured.stderr).not.toContain(SECRET);
    expect(captured.stderr).toContain('out of version control');
    expect(statSync(join(folder, '.env')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(
      `# mine\nBASE_DOMAIN=mcp.example.com\n\n# @scope/server from npm.\nMCP_MINE_ENABLED=true\nSECRET_MINE_TOKEN=${SECRET}\n`,
    );
    expect(devConfig(folder, devCatalog(folder), {}, undefined).secrets).toEqual({
      SECRET_MINE_TOKEN: SECRET,
    });
  });

  test('of several lines gets a file of its own, and the service the value', async () => {
    const folder = temporaryFolder();
    const path = join(temporaryFolder(), 'key.pem');
    writeFileSync(path, `-----BEGIN-----\n${SECRET}\n-----END-----\n`);
    await add(folder, 'mine npx @scope/server', { secret: ['KEY'], secretFile: [`KEY=${path}`] });
    expect(inAll(folder)).toEqual(['secrets/secret_mine_key']);
    expect(statSync(join(folder, 'secrets/secret_mine_key')).mode & 0o777).toBe(0o600);
    expect(devConfig(folder, devCatalog(folder), {}, undefined).secrets['SECRET_MINE_KEY']).toBe(
      `-----BEGIN-----\n${SECRET}\n-----END-----`,
    );
  });

  test('is asked for where there is a terminal, unless the environment has it or the folder had it', async () => {
    const folder = temporaryFolder();
    const asked: string[] = [];
    const asker = () =>
      Promise.resolve({
        secret: ({ message }: { message: string }) => {
          asked.push(message);
          return Promise.resolve(SECRET);
        },
      } as Partial<Asker> as Asker);
    const world = { asker, environment: { GIVEN: 'from the environment' } };
    await add(folder, 'mine npx @scope/server', { secret: ['GIVEN', 'OTHER'] }, world);
    expect(asked).toEqual(['Value of OTHER']);
    await add(folder, 'mine npx @scope/server more', { secret: ['OTHER'], force: true }, world);
    expect(asked).toEqual(['Value of OTHER']);
    // What nobody has a use for any more is gone.
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe(
      `# @scope/server from npm.\nMCP_MINE_ENABLED=true\nSECRET_MINE_OTHER=${SECRET}\n`,
    );
    const again = { secret: ['OTHER'], force: true };
    await add(folder, 'mine npx @scope/server', again, { environment: { OTHER: 'a\nb' } });
    expect(readAll(folder).get('secrets/secret_mine_other')).toBe('a\nb');
    await add(folder, 'mine npx @scope/server', again, { environment: { OTHER: 'c' } });
    expect([...readAll(folder).keys()]).toEqual(['.env', 'services/mine.yaml']);
  });

  test('that another service of the folder has a use for, too, stays when one gives it up', async () => {
    const folder = temporaryFolder();
    await add(folder, 'mine npx @scope/server', { secret: ['A'] }, { environment: { A: SECRET } });
    // Two may share one where a person has written so.
    const yaml = readAll(folder).get('services/mine.yaml') ?? '';
    writeFileSync(join(folder, 'services/other.yaml'), yaml.replaceAll('mine', 'other'));
    await add(folder, 'mine npx @scope/server', { force: true });
    expect(readFileSync(join(folder, '.env'), 'utf8')).toContain(`SECRET_MINE_A=${SECRET}`);
  });

  test('of one service is never handed to another', async () => {
    const folder = temporaryFolder();
    const world = { environment: { B_C: SECRET, C: SECRET } };
    await add(folder, 'a npx @scope/server', { secret: ['B_C'] }, world);
    await expect(add(folder, 'a-b npx @scope/server', { secret: ['C'] }, world)).rejects.toThrow(
      /is a secret of a/,
    );
    // `SECRET_A_B_C_FILE` is where the path of the first one's value may stand.
    const file = { environment: { FILE: SECRET, B_C_FILE: SECRET, B_C: SECRET } };
    const secret = ['FILE'];
    await expect(add(folder, 'a-b-c npx @scope/server', { secret }, file)).rejects.toThrow(/secret of a\b/);
    const both = { secret: ['B_C', 'B_C_FILE'] };
    await expect(add(folder, 'b npx @scope/server', both, file)).rejects.toThrow(/two secrets would both/);
  });
});

describe('a command', () => {
  test('that is not here is taken, with a warning', async () => {
    const search = { environment: { PATH: process.env.PATH } };
    const absent = await add(temporaryFolder(), 'mine no-such-program', {}, search);
    expect(absent.stderr).toContain('there is no command no-such-program on this machine');
    const script = await add(temporaryFolder(), 'mine node serve.js --port 1', {}, search);
    expect(script.stderr).toMatch(/there is no file \/.*serve\.js/);
    const present = await add(temporaryFolder(), 'mine node --version', {}, search);
    expect(present.stderr).not.toContain('there is no');
  });
});

describe('what is there', () => {
  test('is replaced with --force only, and shown by --dry-run', async () => {
    const folder = temporaryFolder();
    await add(folder, 'mine npx @scope/server');
    await expect(add(folder, 'mine uvx notes-server')).rejects.toThrow(/--force replaces it/);
    const { stdout } = await add(folder, 'mine uvx notes-server', {
      force: true,
      dryRun: true,
      secret: ['NEVER_ASKED'],
    });
    expect(stdout).toContain('pypi: notes-server');
    expect(serviceOf(folder, 'mine')?.package).toMatchObject({ npm: '@scope/server' });
    await add(folder, 'mine uvx notes-server', { force: true });
    expect(serviceOf(folder, 'mine')?.package).toMatchObject({ pypi: 'notes-server' });
  });

  test('is gone after remove, with its secrets and lines, and nothing else', async () => {
    const folder = temporaryFolder();
    const env = '# mine\nBASE_DOMAIN=mcp.example.com\nMCP_OTHER_ALLOWED_USERS=x\n';
    writeFileSync(join(folder, '.env'), env);
    await add(
      folder,
      'mine npx @scope/server',
      { secret: ['A', 'B'] },
      { environment: { A: 'one', B: 'two\nlines' } },
    );
    writeFileSync(
      join(folder, '.env'),
      `${readFileSync(join(folder, '.env'), 'utf8')}MCP_MINE_ALLOWED_USERS=me\n`,
    );
    const { stdout, stderr } = captureSinks();
    await runServicesRemove('mine', { dir: folder, yes: true }, createOutput({}, stdout, stderr, {}));
    expect(Object.fromEntries(readAll(folder))).toEqual({ '.env': env });
    await expect(runServicesRemove('memory', { dir: folder, yes: true })).rejects.toThrow(
      /cannot be removed/,
    );
  });

  test('is gone after remove, also where a person has moved its lines', async () => {
    const folder = temporaryFolder();
    const path = join(folder, '.env');
    await add(folder, 'mine npx @scope/server', { secret: ['A'] }, { environment: { A: 'one' } });
    writeFileSync(path, `X=1\n${readFileSync(path, 'utf8')}\nY=2\n`);
    const { stdout, stderr } = captureSinks();
    await runServicesRemove('mine', { dir: folder, yes: true }, createOutput({}, stdout, stderr, {}));
    expect(readFileSync(path, 'utf8')).toBe('X=1\n\nY=2\n');
  });

  test('a file of this machine is named in full, and it is said that containers lack it', async () => {
    const folder = temporaryFolder();
    const script = join(folder, 'server.js');
    writeFileSync(script, '');
    const relative = script.replace(`${process.cwd()}/`, '');
    const { stderr } = await add(folder, `mine node ${relative}`);
    expect(serviceOf(folder, 'mine')?.command).toEqual(['node', script]);
    expect(stderr).toContain('which no container has');
    expect(existsSync(join(folder, '.env'))).toBe(false);
  });

  test('arguments and variables that look like secrets are warned of', async () => {
    const { stderr } = await add(temporaryFolder(), 'mine npx @scope/server --api-key abc', {
      env: ['GITHUB_TOKEN=abc'],
    });
    expect(stderr).toContain('--api-key: arguments stand in the catalog file');
    expect(stderr).toContain('--secret GITHUB_TOKEN keeps it apart');
  });
});
