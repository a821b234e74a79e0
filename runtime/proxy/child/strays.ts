/**
 * Processes that left their server's process group, as the browsers do that Playwright starts: neither a signal to the
 * group nor its parent's death reaches them. They are found by an environment variable that they inherited. Only Linux
 * shows it (`/proc/PID/environ`); elsewhere there is nothing to find.
 */
import { readdir, readFile } from 'node:fs/promises';

/** Set in every child's environment, with a value of its own. */
export const CHILD_MARK = 'MCPGW_CHILD';

/** A process may fork while it is looked for, so the search is repeated until it finds nothing. */
const MAX_ROUNDS = 3;

/** Marks whose processes the next search looks for, and that search. */
let wanted = new Set<string>();
let next: Promise<void> | undefined;

/**
 * Kills every process that carries `mark`. Searches that are asked for in one moment are one: 100 sessions that end
 * together do not read `/proc` 100 times.
 * @returns resolved once none is left; never rejects
 */
export function killStrays(mark: string): Promise<void> {
  wanted.add(mark);
  next ??= new Promise((resolve) => {
    setImmediate(() => {
      const marks = wanted;
      wanted = new Set();
      next = undefined;
      void search(marks).then(resolve);
    });
  });
  return next;
}

async function search(marks: ReadonlySet<string>): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (!(await killMarked(marks))) return;
  }
}

/** @returns whether there was one */
async function killMarked(marks: ReadonlySet<string>): Promise<boolean> {
  let found = false;
  const names = await readdir('/proc').catch(() => []);
  for (const pid of names.filter((name) => /^\d+$/.test(name)).map(Number)) {
    const mark = await markOf(pid);
    if (mark === undefined || !marks.has(mark)) continue;
    found = true;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has just exited.
    }
  }
  return found;
}

async function markOf(pid: number): Promise<string | undefined> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    const prefix = `${CHILD_MARK}=`;
    return environment
      .split('\0')
      .find((entry) => entry.startsWith(prefix))
      ?.slice(prefix.length);
  } catch {
    // Another user's, or gone.
    return undefined;
  }
}
