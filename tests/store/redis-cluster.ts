/** A real Cluster and a real set of Sentinels for tests, made from `redis-server` processes on free ports of loopback. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { freePort } from '../helpers/free-port.ts';

export interface RedisNode {
  port: number;
  /** For the test's own commands. */
  admin: Redis;
  /** Stops the process (SIGSTOP), or lets it go on. */
  freeze: (frozen: boolean) => void;
  /** Ends it with SIGKILL. */
  kill: () => Promise<void>;
}

export interface RedisSet {
  url: string;
  nodes: RedisNode[];
  /** The nodes that are masters now, as they say themselves. */
  masters: () => Promise<RedisNode[]>;
  /** Makes replicas masters, as one does before maintenance, and waits until they are. */
  changePlaces: () => Promise<void>;
  stop: () => Promise<void>;
}

const LONG = { timeout: 60_000, interval: 100 };

/** Three masters with a replica each. */
export async function startCluster(): Promise<RedisSet> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-cluster-'));
  const nodes: RedisNode[] = [];
  for (let index = 0; index < 6; index++) {
    nodes.push(
      await startNode(join(folder, String(index)), [
        ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'],
        ...['--cluster-port', String(await freePort())],
      ]),
    );
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const created = spawnSync(
    'redis-cli',
    [...['--cluster', 'create', ...addresses], '--cluster-replicas', '1', '--cluster-yes'],
    { encoding: 'utf8' },
  );
  if (created.status !== 0) throw new Error(`the Cluster was not made: ${created.stdout}${created.stderr}`);
  await vi.waitFor(async () => {
    for (const { admin } of nodes) {
      const info = String(await admin.cluster('INFO'));
      if (!info.includes('cluster_state:ok')) throw new Error('the Cluster is not up yet');
      const replication = await admin.info('replication');
      if (!/connected_slaves:1|master_link_status:up/.test(replication)) throw new Error('no replica yet');
    }
  }, LONG);
  const set = makeSet(`redis+cluster://${addresses.slice(0, 3).join(',')}`, folder, nodes, []);
  return {
    ...set,
    changePlaces: async () => {
      const masters = await set.masters();
      const replicas = nodes.filter((node) => !masters.includes(node));
      for (const { admin } of replicas) await admin.call('CLUSTER', 'FAILOVER');
      await vi.waitFor(async () => {
        const now = await set.masters();
        if (!replicas.every((node) => now.includes(node))) throw new Error('not yet');
      }, LONG);
    },
  };
}

/** One master with two replicas, watched by three Sentinels. */
export async function startSentinels(): Promise<RedisSet> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-sentinel-'));
  const master = await startNode(join(folder, 'master'), []);
  const replicaOf = ['--replicaof', `127.0.0.1 ${master.port}`];
  const nodes = [
    master,
    await startNode(join(folder, 'replica-1'), replicaOf),
    await startNode(join(folder, 'replica-2'), replicaOf),
  ];
  await vi.waitFor(async () => {
    if (!(await master.admin.info('replication')).includes('connected_slaves:2')) throw new Error('not yet');
  }, LONG);
  const sentinels: RedisNode[] = [];
  for (let index = 0; index < 3; index++) {
    const own = join(folder, `sentinel-${index}`);
    mkdirSync(own);
    const file = join(own, 'sentinel.conf');
    const watch = ['sentinel monitor main 127.0.0.1', master.port, 2].join(' ');
    writeFileSync(
      file,
      `${watch}\nsentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n`,
    );
    sentinels.push(await startNode(own, ['--sentinel'], file));
  }
  await vi.waitFor(async () => {
    for (const { admin } of sentinels) {
      const seen = (await admin.call('SENTINEL', 'MASTER', 'main')) as string[];
      const facts = new Map(seen.map((value, index) => [value, seen[index + 1]]));
      if (facts.get('num-slaves') !== '2' || facts.get('num-other-sentinels') !== '2')
        throw new Error('not yet');
    }
  }, LONG);
  const url = `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`;
  const set = makeSet(url, folder, nodes, sentinels);
  return {
    ...set,
    changePlaces: async () => {
      const [before] = await set.masters();
      await sentinels[0]?.admin.call('SENTINEL', 'FAILOVER', 'main');
      await vi.waitFor(async () => {
        const now = await set.masters();
        if (now.length !== 1 || now[0] === before) throw new Error('not yet');
      }, LONG);
    },
  };
}

function makeSet(
  url: string,
  folder: string,
  nodes: RedisNode[],
  others: RedisNode[],
): Omit<RedisSet, 'changePlaces'> {
  return {
    url,
    nodes,
    masters: async () => {
      const roles = await Promise.all(
        nodes.map(({ admin }) =>
          admin.role().then(
            (role) => String(role[0]),
            () => 'down',
          ),
        ),
      );
      return nodes.filter((_, index) => roles[index] === 'master');
    },
    stop: async () => {
      await Promise.all([...nodes, ...others].map((node) => node.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNode(folder: string, options: string[], configFile?: string): Promise<RedisNode> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const child = spawn(
    'redis-server',
    [
      ...(configFile === undefined ? [] : [configFile]),
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...(configFile === undefined
        ? ['--save', '', '--appendonly', 'yes', '--repl-diskless-sync-delay', '0']
        : []),
      ...options,
    ],
    { stdio: 'ignore' },
  );
  // A test run that ends early must not leave it behind.
  const killNow = (): void => void child.kill('SIGKILL');
  process.once('exit', killNow);
  child.once('exit', () => process.off('exit', killNow));
  const admin = new Redis(port, '127.0.0.1', { retryStrategy: () => 100, maxRetriesPerRequest: 0 });
  admin.on('error', () => undefined);
  await vi.waitFor(() => admin.ping(), LONG);
  return {
    port,
    admin,
    freeze: (frozen) => void child.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
    kill: () => kill(child, admin),
  };
}

async function kill(child: ChildProcess, admin: Redis): Promise<void> {
  admin.disconnect();
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
