import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { mcpgw } from '../support/cli.ts';

it('speaks of the folder before it does of Docker, where there is neither', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-up-'));
  const { code, stderr } = await mcpgw(['up', '--dir', folder], { PATH: dirname(process.execPath) });
  expect(code).toBe(1);
  expect(stderr).toBe(
    `mcpgw: there is no .env in ${folder}. Run mcpgw init there first, or name another folder with --dir.\n`,
  );
});
