/**
 * `memory` in the process model `user`, as `mcpgw dev` runs it: one person's clients of both eras have one process, and what
 * they store at once is all there.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectLegacy, connectPinned, Credentials } from '../helpers/mcp-clients.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import { processesWith } from '../helpers/stdio-proxy.ts';

let folder: string;
let dev: DevProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-both-'));
  dev = await startDev(['--services', 'memory'], { cwd: folder });
});
afterAll(async () => {
  await dev?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Pids of the gateway's children. */
function children(): number[] {
  const own = dev.child.pid;
  return processesWith('server-memory').filter((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === own;
  });
}

it('one person has one process for SDK 1.x and for SDK 2.x pinned to 2026-07-28, and nothing is lost', async () => {
  const url = dev.urls['memory'] as string;
  // Two clients of one person: each signs in for itself.
  const old = await connectLegacy(url, { credentials: new Credentials('old') });
  const answers = { elicit: () => ({}), sample: () => 'sampled' };
  const young = await connectPinned(url, { credentials: new Credentials('young'), answers });
  try {
    const names = Array.from({ length: 20 }, (_each, at) => `entity-${at}`);
    // All at once: of two calls the server itself would keep one.
    await Promise.all(
      names.map((name, at) =>
        (at % 2 === 0 ? old : young).callTool('create_entities', {
          entities: [{ name, entityType: 'test', observations: [] }],
        }),
      ),
    );
    for (const client of [old, young]) {
      const graph = JSON.parse(await client.callTool('read_graph', {})) as { entities: { name: string }[] };
      expect(graph.entities.map(({ name }) => name).sort()).toEqual([...names].sort());
    }
    expect(children()).toHaveLength(1);
  } finally {
    await Promise.all([old.close(), young.close()]);
  }
});
