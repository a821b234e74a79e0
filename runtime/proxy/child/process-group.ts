/**
 * Signals to a whole process group. A child is spawned `detached`, so its pid is also the id of the group that holds
 * what it starts itself: the real server behind `npx`, `uvx` or `sh -c`.
 */

/** Groups that must not outlive this process, however it exits. */
const live = new Set<number>();
let hooked = false;

/** Kills the group when this process exits. A signal without a handler skips that: the caller's main installs one. */
export function trackGroup(pid: number): void {
  live.add(pid);
  if (hooked) return;
  hooked = true;
  process.on('exit', () => {
    for (const group of live) signalGroup(group, 'SIGKILL');
  });
}

/** To be called once the group is known to be empty: its id may belong to somebody else from then on. */
export function forgetGroup(pid: number): void {
  live.delete(pid);
}

/**
 * @param signal 0 only asks whether the group has a member
 * @returns false when the group has no member left
 */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    // EPERM: a member changed its user (a setuid helper). It is there, but not ours to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
