import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openState } from '../../runtime/embedded/state.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'mcpgw-state-')), '.mcpgw');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

describe('openState', () => {
  it('makes a root secret once, that only this user can read', () => {
    const { rootSecret } = openState(folder, false);
    expect(rootSecret).toMatch(/^[\w-]{43}$/);
    expect(openState(folder, false).rootSecret).toBe(rootSecret);
    expect([mode(folder), mode(join(folder, 'root-secret'))]).toEqual([0o700, 0o600]);
  });

  it('closes a folder that others could look into', () => {
    mkdirSync(folder);
    chmodSync(folder, 0o755);
    openState(folder, false);
    expect(mode(folder)).toBe(0o700);
  });

  it('keeps itself out of a repository', () => {
    openState(folder, false);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it.each(['', 'short'])('refuses the root secret %j, which half a write may leave', (text) => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'root-secret'), text);
    expect(() => openState(folder, false)).toThrow(/root-secret is damaged.*--fresh/);
    expect(openState(folder, true).rootSecret).toHaveLength(43);
  });

  it('forgets secret and database when it is to be fresh, and keeps what servers stored', () => {
    const { rootSecret, data, databasePath } = openState(folder, false);
    mkdirSync(data);
    writeFileSync(join(data, 'kept'), '');
    writeFileSync(databasePath, '');
    expect(openState(folder, true).rootSecret).not.toBe(rootSecret);
    expect(statSync(join(data, 'kept')).isFile()).toBe(true);
    expect(() => statSync(databasePath)).toThrow('ENOENT');
  });
});
