import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { mcpgwVersion } from '../../cli/version.ts';
import { mcpgw, run } from './support/cli.ts';
import { temporaryFolder } from './support/run-init.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('the program', () => {
  test('--help and --version are results', async () => {
    expect(await mcpgw(['--version'])).toEqual({ code: 0, stdout: `${mcpgwVersion()}\n`, stderr: '' });
    const { code, stdout } = await mcpgw(['--help']);
    expect(code).toBe(0);
    for (const command of ['init', 'generate', 'dev', 'services']) expect(stdout).toContain(`  ${command}`);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('init --help has the flags that come from the schema', async () => {
    for (const args of [
      ['init', '--help'],
      ['help', 'init'],
    ]) {
      expect((await mcpgw(args)).stdout).toContain('--domain <value>');
    }
  });

  test('the help of every command fits 80 columns, flows, and is in our words', async () => {
    const names = ({ commands }: Command): string[][] =>
      commands.flatMap((child) => [[child.name()], ...names(child).map((rest) => [child.name(), ...rest])]);
    const all = names(createProgram());
    expect(all.length).toBeGreaterThan(25);
    for (const path of all.filter(([name]) => name !== 'help')) {
      const { stdout, code } = await mcpgw([...path, '--help']);
      const lines = stdout.split('\n');
      expect([code, lines.filter((line) => line.length > 80)], path.join(' ')).toEqual([0, []]);
      expect(stdout, path.join(' ')).not.toMatch(/default: \[\]|display help|openID|let's E|’/);
      // A line of the description that ends early was broken by hand.
      const description = stdout.split('\n\n')[1]?.split('\n').slice(0, -1) ?? [];
      expect(
        description.filter((line) => line.length < 60),
        path.join(' '),
      ).toEqual([]);
    }
  });

  test('wrong usage is 2', async () => {
    for (const args of [[], ['nope'], ['generate', '--nope'], ['services'], ['init', 'extra']]) {
      expect((await mcpgw(args)).code, args.join(' ')).toBe(2);
    }
    const { stdout, code } = await mcpgw(['init', '--yes', '--json', '--dir', temporaryFolder()]);
    expect([code, JSON.parse(stdout)]).toEqual([
      2,
      { error: { exitCode: 2, message: expect.stringContaining('--domain') } },
    ]);
  });

  test('init with no terminal ends at once, also with an open standard input', async () => {
    const child = spawn(process.execPath, [join(ROOT, 'cli/main.ts'), 'init', '--dir', temporaryFolder()], {
      stdio: 'pipe',
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(2);
  });

  test('--json and --quiet work before and behind the command', async () => {
    const dir = temporaryFolder();
    const before = await mcpgw(['--json', 'services', 'list', '--dir', dir]);
    expect(JSON.parse(before.stdout)).toEqual(
      JSON.parse((await mcpgw(['services', 'list', '--json', '--dir', dir])).stdout),
    );
    expect((await mcpgw(['services', 'list', '--quiet', '--dir', dir])).stderr).toBe('');
  });

  test('what stands behind -- is another program’s, also where it looks like ours', async () => {
    const program = createProgram();
    let got: unknown[] = [];
    const dev = program.commands.find((command) => command.name() === 'dev');
    dev?.action((command: string[], flags: { port: string }) => void (got = [command, flags.port]));
    await program.parseAsync(['dev', '--port', '1', '--', 'npx', '-y', 'x', '--json', '--port', '2'], {
      from: 'user',
    });
    expect(got).toEqual([['npx', '-y', 'x', '--json', '--port', '2'], '1']);
  });

  test('a reader that goes away is nobody’s error', async () => {
    const command = `"${process.execPath}" "${join(ROOT, 'cli/main.ts')}" init --help | head -n 1`;
    const { stderr, stdout } = await run('sh', ['-c', command]);
    expect(stderr).toBe('');
    expect(stdout).toContain('Usage: mcpgw init');
  });
});

describe('services list', () => {
  test('says what is enabled here, and where it comes from', async () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, '.env'), 'MCP_MEMORY_ENABLED=false\nMCP_FETCH_ENABLED=yes\n');
    const { stdout } = await mcpgw(['services', 'list', '--json', '--dir', dir]);
    const { services } = JSON.parse(stdout) as { services: { name: string }[] };
    const row = (name: string) => services.find((service) => service.name === name);
    expect(services).toHaveLength(11);
    expect(row('memory')).toMatchObject({
      status: 'disabled',
      from: '.env',
      data: 'user',
      source: expect.stringMatching(/^npm .*server-memory@\d/),
    });
    expect(row('fetch')).toMatchObject({
      status: 'enabled',
      source: expect.stringMatching(/^PyPI mcp-server-fetch@/),
    });
    expect(row('everything')).toMatchObject({ status: 'enabled', from: 'default' });
    expect(row('tmux')).toMatchObject({ status: 'disabled', source: 'mcpgw itself' });
  });

  test('says nothing of services that are not part of the release where there are none', async () => {
    const { stdout, stderr } = await mcpgw(['services', 'list', '--dir', temporaryFolder()]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(12);
    expect(stdout + stderr).not.toContain('planned');
  });
});

describe('the launcher', () => {
  /** A clone with the launcher, and perhaps more. */
  function clone(): string {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'bin'));
    cpSync(join(ROOT, 'bin/mcpgw.js'), join(dir, 'bin/mcpgw.js'));
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    return dir;
  }
  const built = (dir: string, program: string) => {
    mkdirSync(join(dir, 'dist/cli'), { recursive: true });
    writeFileSync(join(dir, 'dist/cli/main.js'), program);
  };
  /** A preload that makes this Node an old one. */
  function old(dir: string): string[] {
    writeFileSync(
      join(dir, 'old.cjs'),
      "if (!process.env.NEW) Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });",
    );
    return ['--require', join(dir, 'old.cjs')];
  }

  test('runs the compiled program with its arguments', async () => {
    const dir = clone();
    built(dir, 'console.log(process.argv.slice(2).join()); process.exitCode = 7;');
    expect(await run(process.execPath, [join(dir, 'bin/mcpgw.js'), 'a', '--b'])).toEqual({
      code: 7,
      stdout: 'a,--b\n',
      stderr: '',
    });
  });

  test('says how to build a clone', async () => {
    const { code, stderr } = await run(process.execPath, [join(clone(), 'bin/mcpgw.js')]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('npm run build')]);
  });

  test('an old Node without another one is told which it needs', async () => {
    const dir = clone();
    const { code, stderr } = await run(process.execPath, [...old(dir), join(dir, 'bin/mcpgw.js')]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^mcpgw: needs Node 22\.13 or newer and this is 20\.20\.2.*\n$/),
    ]);
  });

  test('an old Node hands over to the clone’s own, with arguments, exit code and signals', async () => {
    const dir = clone();
    built(
      dir,
      "process.on('SIGTERM', () => process.exit(9)); console.log(process.argv[2]); if (process.argv[3]) process.exit(5); setInterval(() => {}, 1000);",
    );
    mkdirSync(join(dir, 'node_modules/node/bin'), { recursive: true });
    const own = join(dir, 'node_modules/node/bin/node');
    writeFileSync(own, `#!/bin/sh\nNEW=1 exec "${process.execPath}" "$@"\n`);
    chmodSync(own, 0o755);
    expect(await run(process.execPath, [...old(dir), join(dir, 'bin/mcpgw.js'), 'hello', 'end'])).toEqual({
      code: 5,
      stdout: 'hello\n',
      stderr: '',
    });

    const child = spawn(process.execPath, [...old(dir), join(dir, 'bin/mcpgw.js'), 'hello'], {
      stdio: 'pipe',
    });
    child.stdout.once('data', () => child.kill('SIGTERM'));
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(9);
  });
});
