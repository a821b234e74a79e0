import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openFolder } from '../../cli/gateway-folder.ts';
import { serviceRows } from '../../cli/service-rows.ts';
import { temporaryFolder } from './support/run-init.ts';

test('a row says what this machine lacks: what the catalog names, and a command that is not here', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'services'));
  const own = (name: string, command: string) =>
    writeFileSync(
      join(folder, 'services', `${name}.yaml`),
      `name: ${name}\ntitle: T\ndescription: D\nkind: proxy\ncommand: [${command}]\n`,
    );
  own('absent', 'no-such-program, --flag');
  own('present', 'sh');
  own('package', 'npx, server');
  // Nothing but a shell is on it.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'sh'), '', { mode: 0o755 });
  const rows = serviceRows(openFolder(folder), { PATH: bin });
  const missing = Object.fromEntries(rows.map((row) => [row.name, row.missing.join()]));
  expect(missing).toMatchObject({
    absent: 'the command no-such-program',
    present: '',
    package: '',
    memory: '',
  });
  expect(missing.tmux).toBe('tmux (on Debian the package tmux),bash');
  expect(missing.time).toMatch(/^uv, or Python 3\.10/);
});
