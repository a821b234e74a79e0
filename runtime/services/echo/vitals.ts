/** How the process and its machine are doing. */
import { availableParallelism, loadavg } from 'node:os';

export interface Vitals {
  /** Resident set size, in bytes. */
  rssBytes: number;
  heapUsedBytes: number;
  heapTotalBytes: number;
  uptimeSeconds: number;
  /** Load averages over 1, 5 and 15 minutes. */
  load: readonly number[];
  cpus: number;
  nodeVersion: string;
}

export function readVitals(): Vitals {
  const memory = process.memoryUsage();
  return {
    rssBytes: memory.rss,
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    uptimeSeconds: Math.floor(process.uptime()),
    load: loadavg(),
    cpus: availableParallelism(),
    nodeVersion: process.versions.node,
  };
}
