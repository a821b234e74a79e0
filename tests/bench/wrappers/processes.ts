/** What a process and its descendants take, from Linux's `/proc`. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Tree {
  /** The first is the root. */
  pids: number[];
  /** Resident, in MB: pages that several processes share count for each of them. */
  rss: number;
  /** The same, but a shared page is divided among them. */
  pss: number;
  /** The root's alone. */
  rootRss: number;
}

export function treeOf(root: number): Tree {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const pids: number[] = [];
  const visit = (pid: number): void => {
    pids.push(pid);
    for (const child of children.get(pid) ?? []) visit(child);
  };
  visit(root);
  const sum = (of: (pid: number) => number): number => pids.reduce((total, pid) => total + of(pid), 0);
  return { pids, rss: sum(rssOf), pss: sum(pssOf), rootRss: rssOf(root) };
}

/** A clock tick of `/proc`, in microseconds; Linux has 100 in a second for all programs. */
const TICK_US = 10_000;

/** @returns processor time of each process so far, in microseconds */
export function cpuOf(pids: number[]): number[] {
  return pids.map((pid) => {
    const fields = /.*\) (.*)/s.exec(read(pid, 'stat'))?.[1]?.split(' ') ?? [];
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_US;
  });
}

function parentOf(pid: number): number | undefined {
  // The name before it, in parentheses, may hold anything.
  const [state, parent] = /.*\) (.*)/s.exec(read(pid, 'stat'))?.[1]?.split(' ') ?? [];
  return state === undefined || state === 'Z' ? undefined : Number(parent);
}

function rssOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(read(pid, 'status'))?.[1] ?? 0) / 1024;
}

function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) / 1024;
}

/** @returns nothing of a process that has ended */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
