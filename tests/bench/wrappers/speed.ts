/** Calls per second and the slowest hundredth of them, of several ways in turns, because machines drift. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { median } from '../statistics.ts';
import { cpuOf, treeOf } from './processes.ts';
import { checkEcho, echoBody, rpc, type Call } from './client.ts';

export interface Way {
  name: string;
  call: Call;
  /** The wrapper's process, or the server's where there is no wrapper. */
  pid: number;
}

export interface Speed {
  callsPerSecond: number;
  p99Ms: number;
  /** Processor time of the wrapper for a call, in microseconds: tells more than the clock where a machine is busy. */
  ownCpuUs: number;
  /** The same, with the servers behind it. */
  cpuUs: number;
}

let nextId = 1_000;

/** @returns by the way's name */
export async function measureSpeed(
  ways: Way[],
  concurrency: number,
  { rounds, roundMs }: { rounds: number; roundMs: number },
): Promise<Map<string, Speed>> {
  const samples = new Map(ways.map(({ name }) => [name, [] as Speed[]]));
  // The first round is for the compilers.
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? ways : ways.toReversed();
    for (const { name, ...way } of order) {
      const speed = await oneRound(way, concurrency, roundMs);
      if (round > 0) samples.get(name)?.push(speed);
    }
  }
  return new Map(
    [...samples].map(([name, speeds]) => [
      name,
      {
        callsPerSecond: median(speeds.map(({ callsPerSecond }) => callsPerSecond)),
        p99Ms: median(speeds.map(({ p99Ms }) => p99Ms)),
        ownCpuUs: median(speeds.map(({ ownCpuUs }) => ownCpuUs)),
        cpuUs: median(speeds.map(({ cpuUs }) => cpuUs)),
      },
    ]),
  );
}

async function oneRound(
  { call, pid }: Omit<Way, 'name'>,
  concurrency: number,
  roundMs: number,
): Promise<Speed> {
  const times: number[] = [];
  const { pids } = treeOf(pid);
  const cpuBefore = cpuOf(pids);
  const begunMs = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - begunMs < roundMs) {
      const beforeMs = performance.now();
      await call((nextId += 1));
      times.push(performance.now() - beforeMs);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const seconds = (performance.now() - begunMs) / 1000;
  const cpu = cpuOf(pids).map((us, index) => (us - (cpuBefore[index] ?? 0)) / times.length);
  times.sort((a, b) => a - b);
  return {
    callsPerSecond: times.length / seconds,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    ownCpuUs: cpu[0] ?? 0,
    cpuUs: cpu.reduce((total, each) => total + each, 0),
  };
}

/** The child's own pipes, without HTTP: more than a wrapper can reach. */
export async function drivePipes(
  command: string[],
): Promise<Omit<Way, 'name'> & { stop: () => Promise<void> }> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map<number, (line: string) => void>();
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id } = JSON.parse(line) as { id?: number };
      if (id === undefined) continue;
      waiting.get(id)?.(line);
      waiting.delete(id);
    }
  });
  const send = (id: number, body: string): Promise<string> =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      child.stdin.write(`${body}\n`);
    });
  const clientInfo = { name: 'bench', version: '1' };
  await send(0, rpc('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo }, 0));
  child.stdin.write(`${rpc('notifications/initialized')}\n`);
  return {
    pid: child.pid ?? 0,
    call: async (id) => checkEcho(await send(id, echoBody(id)), id),
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
