import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readAccess } from '../../runtime/container/access.ts';

it('reads the folder, fails where a file of it is missing, and needs none where none is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-access-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const environment = { MCPGW_ACCESS_DIR: folder };
  writeFileSync(join(folder, 'lists.env'), 'ALLOWED_GITHUB_USERS=octocat\n');
  await expect(readAccess(environment)).rejects.toThrow(/MCPGW_ACCESS_DIR: policy\.yaml cannot be read/);
  writeFileSync(join(folder, 'policy.yaml'), 'rules: []\n');
  expect(await readAccess(environment)).toEqual({
    lists: 'ALLOWED_GITHUB_USERS=octocat\n',
    policy: 'rules: []\n',
  });
  expect(await readAccess({})).toBeUndefined();
});
