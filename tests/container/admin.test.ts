import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askAdmin } from '../../runtime/container/admin.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'runtime', 'main.ts');
const SECRET = 'root-secret-for-tests-0123456789-abcdefghi';

function secretFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'secret'), SECRET);
  return join(folder, 'secret');
}

describe('main.js admin', () => {
  it('needs the file of the root secret', async () => {
    await expect(askAdmin(['ping'], {})).rejects.toThrow(/GATEWAY_JWT_SECRET_FILE: is missing/);
    await expect(askAdmin(['ping'], { GATEWAY_JWT_SECRET_FILE: '/nonexistent' })).rejects.toThrow(
      /cannot be read/,
    );
  });

  it('refuses words that mean nothing, and says so without the secret', () => {
    const env = { GATEWAY_JWT_SECRET_FILE: secretFile() };
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, 'admin', 'drop', 'everything'], {
      env,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^usage: ping/);
    expect(stderr).not.toContain(SECRET);
  });
});
