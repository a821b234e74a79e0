/**
 * The file by which other commands find an embedded gateway that runs: `running.json` in its state folder. It names
 * where things are and opens nothing; what opens the admin API is the root secret beside it.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const runningSchema = z.object({
  pid: z.number(),
  /** ISO 8601. */
  startedAt: z.string(),
  issuer: z.string(),
  /** MCP URL by service. */
  services: z.record(z.string(), z.string()),
  /** Why services that are not served are not, by service. */
  failed: z.record(z.string(), z.string()).default({}),
  /** What health checks speak. */
  protocolVersion: z.string(),
  /** Where the admin API listens, on loopback. */
  adminOrigin: z.string(),
});

export type Running = z.output<typeof runningSchema>;

const FILE = 'running.json';

export interface Announcement {
  /** Says that a service is not served. */
  failed(service: string, reason: string): void;
  /** Removes the file again, unless another gateway has written its own since. */
  withdraw(): void;
}

/** @param stateFolder absolute */
export function announce(stateFolder: string, running: Omit<Running, 'failed'>): Announcement {
  const path = join(stateFolder, FILE);
  const failed: Record<string, string> = {};
  const isOwn = () => readRunning(stateFolder)?.adminOrigin === running.adminOrigin;
  // Renamed into its place: whoever reads finds a whole one.
  const write = () => {
    const text = `${JSON.stringify({ ...running, failed }, null, 2)}\n`;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  write();
  return {
    failed: (service, reason) => {
      failed[service] = reason;
      if (isOwn()) write();
    },
    withdraw: () => {
      if (isOwn()) rmSync(path, { force: true });
    },
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
