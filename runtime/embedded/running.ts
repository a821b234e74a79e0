/**
 * The file by which other commands find an embedded gateway that runs: `running.json` in its state folder. It names
 * where things are and opens nothing; what opens the admin API is the root secret beside it.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const runningSchema = z.object({
  pid: z.number(),
  /** ISO 8601. */
  startedAt: z.string(),
  issuer: z.string(),
  /** MCP URL by service. */
  services: z.record(z.string(), z.string()),
  /** What health checks speak. */
  protocolVersion: z.string(),
  /** Where the admin API listens, on loopback. */
  adminOrigin: z.string(),
});

export type Running = z.output<typeof runningSchema>;

const FILE = 'running.json';

/**
 * @param stateFolder absolute
 * @returns removes the file again, unless another gateway has written its own since
 */
export function announce(stateFolder: string, running: Running): () => void {
  const path = join(stateFolder, FILE);
  rmSync(path, { force: true });
  writeFileSync(path, `${JSON.stringify(running, null, 2)}\n`, { mode: 0o600 });
  return () => {
    if (readRunning(stateFolder)?.adminOrigin === running.adminOrigin) rmSync(path, { force: true });
  };
}

/** @returns undefined when there is none; one that was killed has left its own (`openEmbedded` finds that out) */
export function readRunning(stateFolder: string): Running | undefined {
  try {
    return runningSchema.parse(JSON.parse(readFileSync(join(stateFolder, FILE), 'utf8')));
  } catch {
    return undefined;
  }
}
