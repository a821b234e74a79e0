import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mcpgw } from '../support/cli.ts';
import { temporaryFolder } from '../support/run-init.ts';

const SECRET = 'correct-horse-4711';
const YAML = `name: mine
title: Mine
description: Does it.
kind: proxy
command: [my-server, --fast]
env: { TOKEN: { secret: SECRET_MINE_TOKEN }, OTHER: { secret: SECRET_MINE_OTHER } }
`;

function folder(): string {
  const dir = temporaryFolder();
  mkdirSync(join(dir, 'services'));
  writeFileSync(join(dir, 'services/mine.yaml'), YAML);
  writeFileSync(join(dir, '.env'), `MCP_MINE_ENABLED=true\nSECRET_MINE_TOKEN=${SECRET}\n`, { mode: 0o600 });
  return dir;
}

const show = (name: string, ...flags: string[]) =>
  mcpgw(['services', 'show', name, ...flags, '--dir', folder()]);

describe('services show', () => {
  test('a service of the folder: what it is, and which of its secrets have a value, which is not shown', async () => {
    const { code, stdout, stderr } = await show('mine');
    expect(code).toBe(0);
    expect(stdout).toContain('Mine (enabled, services/mine.yaml)');
    expect(stdout).toContain('secret SECRET_MINE_TOKEN: has a value');
    expect(stdout).toContain('secret SECRET_MINE_OTHER: has no value yet');
    expect(stdout).toContain('- my-server');
    expect(stdout + stderr).not.toContain(SECRET);
  });

  test("one of mcpgw's own, for scripts", async () => {
    const { code, stdout } = await show('memory', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'memory',
      own: false,
      service: { data: 'user' },
      secrets: [],
    });
  });

  test('one that there is not is wrong usage, and it is said where all are', async () => {
    const { code, stderr } = await show('nothing');
    expect([code, stderr]).toEqual([2, expect.stringContaining('mcpgw services list')]);
  });
});
