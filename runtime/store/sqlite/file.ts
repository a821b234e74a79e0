import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { guarded } from './fault.ts';
import { checkSchema, migrate } from './schema.ts';

const BUSY = 5;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Opens the store's file, or creates it (0600, missing folders 0700), and brings it to the current schema.
 *
 * Synchronous FULL: every commit is on the disk before it is answered, so neither `kill -9` nor a power cut undoes it. NORMAL
 * would do for the former, but after the latter a revoked grant could be alive again, a used code usable, and a client left
 * with a refresh token that the store does not know. That costs about a millisecond for each write, and reads nothing.
 *
 * @param lockTimeoutMs how long a step waits for another process's lock
 * @throws StoreUnavailableError that names the file and what to do
 */
export function openDatabase(path: string, lockTimeoutMs: number): DatabaseSync {
  return guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    // SQLite would create it readable to all; its journals take the mode of the file.
    closeSync(openSync(path, 'a', FILE_MODE));
    const db = new DatabaseSync(path);
    try {
      db.exec(`PRAGMA busy_timeout = ${lockTimeoutMs}`);
      checkSchema(db, path);
      [path, `${path}-wal`, `${path}-shm`].forEach(keepPrivate);
      switchToWal(db, lockTimeoutMs);
      db.exec('PRAGMA synchronous = FULL');
      migrate(db, path);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  });
}

/** Takes away what others may do with a file that was made by hand or copied. */
function keepPrivate(file: string): void {
  if (existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, FILE_MODE);
}

/** Readers and the writer do not wait for one another in this mode; it is a property of the file and stays. */
function switchToWal(db: DatabaseSync, lockTimeoutMs: number): void {
  const deadline = performance.now() + lockTimeoutMs;
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode = WAL');
      return;
    } catch (error) {
      // Two processes that switch at once: SQLite tells one of them "busy" without waiting, lest both wait for ever.
      const isBusy = ((error as { errcode?: number }).errcode ?? 0) % 256 === BUSY;
      if (!isBusy || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
