/** What `doctor` asks of this machine; a test puts its own answers there. */
import { lookup } from 'node:dns/promises';
import { readFile, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { runDocker, type RunDocker } from '../compose/run.ts';
import { createHttpClient, type HttpClient } from '../net/http-client.ts';
import type { ResolveRule } from '../net/resolve-rule.ts';
import { probePort, type PortState } from './port-state.ts';

export interface DoctorWorld {
  /** Such as `v24.1.0`. */
  nodeVersion: string;
  run: RunDocker;
  client: HttpClient;
  /** Milliseconds since the epoch. */
  now: () => number;
  port(address: string, port: number): Promise<PortState>;
  /** Bytes that may be written there. */
  freeBytes(path: string): Promise<number>;
  /** The text of `/proc/net/route`; undefined where there is no such file. */
  routes(): Promise<string | undefined>;
  /** Addresses with their prefix, `192.0.2.7/24`, of the interfaces. */
  addresses(): string[];
}

export function thisMachine(resolve: ResolveRule[]): DoctorWorld {
  return {
    nodeVersion: process.version,
    run: runDocker,
    client: createHttpClient({
      resolve,
      lookup: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    }),
    now: Date.now,
    port: probePort,
    freeBytes: async (path) => {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    routes: () => readFile('/proc/net/route', 'utf8').catch(() => undefined),
    addresses: () =>
      Object.values(networkInterfaces())
        .flat()
        .flatMap((entry) => (entry?.cidr == null ? [] : [entry.cidr])),
  };
}
