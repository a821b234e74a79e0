import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refuseUnreadable } from '../../../cli/up/readable.ts';
import { owner, temporaryFolder } from '../support/run-init.ts';

const containers = { uid: owner.uid + 10_001, gid: owner.gid + 10_001 };

function withService(mode: number): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'services'));
  chmodSync(join(folder, 'services'), 0o755);
  const path = join(folder, 'services', 'mine.yaml');
  writeFileSync(path, '');
  chmodSync(path, mode);
  return folder;
}

describe('services that containers cannot read', () => {
  it('are refused, with what to do', () => {
    const folder = withService(0o600);
    expect(() => refuseUnreadable(folder, containers)).toThrow(
      /^containers run as .*chmod 644 services\/mine\.yaml$/s,
    );
    chmodSync(join(folder, 'services'), 0o700);
    expect(() => refuseUnreadable(folder, containers)).toThrow(/chmod 755 services\n/);
  });
  it('are none where their user is the owner, of the group, or everybody may', () => {
    expect(() => refuseUnreadable(withService(0o600), owner)).not.toThrow();
    expect(() => refuseUnreadable(withService(0o640), { ...containers, gid: owner.gid })).not.toThrow();
    expect(() => refuseUnreadable(withService(0o644), containers)).not.toThrow();
    expect(() => refuseUnreadable(temporaryFolder(), containers)).not.toThrow();
  });
});
