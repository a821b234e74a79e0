/**
 * Which process the kernel ends when memory runs out (proc(5), `oom_score_adj`): in a container that is full it shall be
 * one user's server and not the proxy, which would end everybody's session.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** A process counts as if it used this many thousandths of all memory (in a container: of its limit) more than it does. */
const RAISE = 500;
const MAX = 1_000;

/** To be called right after the start: what the process starts itself inherits it. Elsewhere than on Linux it does nothing. */
export function raiseOomScore(pid: number): void {
  try {
    const own = Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(Math.min(own + RAISE, MAX)));
  } catch {
    // There is no such file, or the process has exited already, or has become another user's. It works without.
  }
}
