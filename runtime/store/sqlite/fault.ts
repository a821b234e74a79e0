import { StoreUnavailableError } from '../store.ts';

/** SQLite's primary result codes (https://sqlite.org/rescode.html) that say what the operator can do. */
const ADVICE: Record<number, string> = {
  5: 'another process held its lock for too long',
  6: 'another process held its lock for too long',
  8: 'it cannot be written to: check the permissions of the file and its folder, and that the disk is not mounted read-only',
  10: 'the disk failed to read or write',
  11: 'it is damaged: stop the gateway and restore it from a backup, or move it away to start with an empty one',
  13: 'the disk is full: free some space',
  14: 'it cannot be opened: check that its folder exists and that this user may write there',
  26: 'it is no SQLite database, or is damaged: choose another file, restore it from a backup, or move it away to start with an empty one',
};

/**
 * Runs `work` and turns every fault of SQLite, of the file system and of stored data that does not parse into a
 * `StoreUnavailableError` that names the file. Other errors are ours and pass through.
 *
 * @throws StoreUnavailableError with the original error as `cause`
 */
export function guarded<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw toUnavailable(path, error);
  }
}

function toUnavailable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreUnavailableError) return error;
  const reason = reasonOf(error);
  if (reason === undefined) return error;
  return new StoreUnavailableError(`The store's file ${path} failed: ${reason}.`, { cause: error });
}

function reasonOf(error: Error & { code?: string; errcode?: number; syscall?: string }): string | undefined {
  if (error.code === 'ERR_SQLITE_ERROR') {
    // The low byte is the primary code of an extended one.
    return ADVICE[(error.errcode ?? 0) & 0xff] ?? error.message;
  }
  if (error.code === 'ERR_INVALID_STATE') return 'the store is closed';
  if (error instanceof SyntaxError) return ADVICE[11];
  if (error.syscall !== undefined) return error.message;
  return undefined;
}
