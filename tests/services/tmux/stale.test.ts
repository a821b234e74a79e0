import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeStale } from '../../../runtime/services/tmux/stale.ts';

const LISTEN_AND_DIE =
  "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";

it('removes what a process that was killed has left, and nothing of one that lives', async () => {
  const homes = mkdtempSync(join(tmpdir(), 'mcpgw-stale-'));
  const home = (name: string) => {
    mkdirSync(join(homes, name));
    return join(homes, name);
  };
  const live = createServer().listen(join(home('live'), 'socket'));
  try {
    await once(live, 'listening');
    spawnSync(process.execPath, ['-e', LISTEN_AND_DIE, join(home('dead'), 'socket')]);
    expect(readdirSync(join(homes, 'dead'))).toEqual(['socket']);
    home('starting');
    utimesSync(home('never-started'), 0, 0);
    await removeStale(homes, home('own'));
    expect(readdirSync(homes).sort()).toEqual(['live', 'own', 'starting']);
    await removeStale(join(homes, 'missing'), '');
  } finally {
    live.close();
    rmSync(homes, { recursive: true, force: true });
  }
});
