/**
 * Our proxy against other stdio-to-HTTP wrappers, the server's own HTTP mode and its bare pipes, in one run: speed, first
 * answer, memory of sessions, children left behind. The long form fetches the others with npm; the short one compares with
 * them only where they are there already.
 *
 *     node tests/bench/main.ts wrappers [--short] [--rounds=N]
 */
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../main.ts';
import { barsOf, processorRatios, type Figures } from './bars.ts';
import { findPackages, type Packages } from './packages.ts';
import { measureFirstAnswer, measureLeftovers, measureMemory } from './sessions.ts';
import { drivePipes, measureSpeed, type Way } from './speed.ts';
import { IDLE_SECONDS, mcpProxy, ours, ownHttp, supergateway, type Start, type Target } from './targets.ts';
import { writePlot } from './wrappers-plot.ts';

const FIXTURE = fileURLToPath(new URL('../../helpers/stdio-fixture.js', import.meta.url));

const LONG = {
  rounds: 7,
  roundMs: 2_000,
  firstAnswers: 9,
  memory: [1, 20, 100],
  sessions: 5,
  settleMs: 4_000,
};
const SHORT = { rounds: 3, roundMs: 500, firstAnswers: 3, memory: [1, 5], sessions: 2, settleMs: 2_000 };

type Sizes = typeof LONG;
type Print = (line: string) => void;

/** @returns the bars that were missed, in words */
export async function benchWrappers({ short, print, numbers = {} }: BenchOptions): Promise<string[]> {
  const sizes: Sizes = { ...(short ? SHORT : LONG), ...(numbers['rounds'] && { rounds: numbers['rounds'] }) };
  const packages = findPackages(!short);
  if (packages === undefined) print('the other wrappers are not installed here: only we are measured');
  const server = [process.execPath, ...(packages === undefined ? [FIXTURE] : [packages.everything, 'stdio'])];
  const figures: Figures = {
    speed: await speeds(server, packages, sizes, print),
    firstAnswerMs: await firstAnswers(server, packages, sizes, print),
    memory: await memories(server, short ? undefined : packages, sizes, print),
    leftovers: await leftovers(server, short ? undefined : packages, sizes, print),
  };
  for (const line of processorRatios(figures)) print(line);
  const missed: string[] = [];
  for (const { line, met } of barsOf(figures)) {
    print(`${met ? 'met' : 'MISSED'}: ${line}`);
    if (!met) missed.push(line);
  }
  if (!short) print(`plot: ${writePlot(figures)}`);
  return missed;
}

async function speeds(
  server: string[],
  packages: Packages | undefined,
  sizes: Sizes,
  print: Print,
): Promise<Figures['speed']> {
  const starts = [
    ours(server),
    ...(packages === undefined ? [] : [supergateway(packages), mcpProxy(packages), ownHttp(packages)]),
  ];
  const targets: Target[] = [];
  const pipes = await drivePipes(server);
  const speed: Figures['speed'] = new Map();
  try {
    const ways: Way[] = [{ name: 'pipes', ...pipes }];
    for (const start of starts) {
      const target = await start();
      targets.push(target);
      const client = target.client();
      const { name, pid } = target;
      ways.push({ name, pid, call: (await client.open()).call });
      if (name === 'mcpgw') ways.push({ name: 'mcpgw, 2026-07-28', pid, call: client.modernCall });
    }
    for (const concurrency of [1, 16]) {
      const measured = await measureSpeed(ways, concurrency, sizes);
      speed.set(concurrency, measured);
      for (const [name, { callsPerSecond, p99Ms, ownCpuUs, cpuUs }] of measured)
        print(
          `c${concurrency} ${name}: ${callsPerSecond.toFixed(0)} calls/s, p99 ${p99Ms.toFixed(1)} ms, processor ${ownCpuUs.toFixed(0)} µs a call, with the server ${cpuUs.toFixed(0)}`,
        );
    }
  } finally {
    await pipes.stop();
    await Promise.all(targets.map((target) => target.stop()));
  }
  return speed;
}

async function firstAnswers(
  server: string[],
  packages: Packages | undefined,
  { firstAnswers: rounds }: Sizes,
  print: Print,
): Promise<Figures['firstAnswerMs']> {
  const starts: [name: string, start: Start, spares: boolean][] = [
    ['mcpgw', ours(server), false],
    ['mcpgw, warm spare', ours(server, { spares: 1 }), true],
  ];
  if (packages !== undefined) {
    starts.push(['supergateway', supergateway(packages), false]);
    starts.push(['mcp-proxy', mcpProxy(packages), false]);
    starts.push(['own HTTP mode', ownHttp(packages), false]);
  }
  const result: Figures['firstAnswerMs'] = new Map();
  for (const [name, start, spares] of starts) {
    const ms = await measureFirstAnswer(start, rounds, spares);
    result.set(name, ms);
    print(`first answer ${name}: ${ms.toFixed(0)} ms`);
  }
  return result;
}

async function memories(
  server: string[],
  packages: Packages | undefined,
  { memory: counts }: Sizes,
  print: Print,
): Promise<Figures['memory']> {
  const starts: [name: string, start: Start][] = [
    ['mcpgw', ours(server)],
    ['mcpgw, user mode', ours(server, { process: 'user' })],
  ];
  if (packages !== undefined) {
    starts.push(['supergateway', supergateway(packages)]);
    starts.push(['mcp-proxy', mcpProxy(packages)]);
    starts.push(['own HTTP mode', ownHttp(packages)]);
  }
  const result: Figures['memory'] = new Map();
  for (const [name, start] of starts) {
    const { trees } = await measureMemory(start, counts);
    result.set(name, trees);
    for (const [count, { pids, rss, pss, rootRss }] of trees)
      print(
        `${count} sessions ${name}: ${pids.length} processes, RSS ${rss.toFixed(0)} MB, PSS ${pss.toFixed(0)} MB, of that the wrapper RSS ${rootRss.toFixed(1)} MB`,
      );
  }
  return result;
}

async function leftovers(
  server: string[],
  packages: Packages | undefined,
  { sessions, settleMs }: Sizes,
  print: Print,
): Promise<Figures['leftovers']> {
  const starts: [name: string, start: Start][] = [['mcpgw', ours(server, { idleSeconds: IDLE_SECONDS })]];
  if (packages !== undefined) {
    starts.push(['supergateway', supergateway(packages, IDLE_SECONDS)]);
    starts.push(['mcp-proxy', mcpProxy(packages, IDLE_SECONDS)]);
  }
  const result: Figures['leftovers'] = new Map();
  for (const [name, start] of starts) {
    const left = await measureLeftovers(start, sessions, settleMs);
    result.set(name, left);
    const { before, open, afterDelete, afterVanishing } = left;
    print(
      `children ${name}: ${before} before, ${open} with ${sessions} sessions, ${afterDelete} 2 s after DELETE, ${afterVanishing} after ${IDLE_SECONDS} s idle time once their client vanished`,
    );
  }
  return result;
}
