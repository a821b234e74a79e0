import type { DatabaseSync } from 'node:sqlite';
import { StoreUnavailableError } from '../store.ts';

/** "mcpg": marks the file as ours (https://sqlite.org/pragma.html#pragma_application_id). */
const APPLICATION_ID = 0x6d637067;

/**
 * Step n brings a file from schema version n to n + 1 (`user_version`). Steps are only ever added: later releases open
 * the files of earlier ones. The `data` columns hold the records as JSON and stand last, so that a query that needs only the
 * columns before them does not read them.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE clients (
     id TEXT PRIMARY KEY, issued_at INTEGER NOT NULL, expires_at INTEGER, data TEXT NOT NULL) STRICT;
   CREATE INDEX clients_by_end ON clients (expires_at);
   CREATE TABLE transactions (
     id_hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, data TEXT NOT NULL) STRICT;
   CREATE INDEX transactions_by_end ON transactions (expires_at);
   CREATE TABLE grants (
     id TEXT PRIMARY KEY, user_id TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
     revoked INTEGER NOT NULL, data TEXT NOT NULL) STRICT;
   CREATE INDEX grants_by_end ON grants (expires_at);
   CREATE INDEX grants_by_user ON grants (user_id, created_at);
   CREATE TABLE user_revocations (
     user_id TEXT PRIMARY KEY, revoked_at INTEGER NOT NULL) STRICT;
   CREATE TABLE signing_keys (
     kid TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT;`,
  `CREATE TABLE records (
     kind TEXT NOT NULL, id TEXT NOT NULL, expires_at INTEGER NOT NULL, data TEXT NOT NULL,
     PRIMARY KEY (kind, id)) STRICT;
   CREATE INDEX records_by_end ON records (expires_at);
   INSERT INTO records SELECT 'transaction', id_hash, expires_at, data FROM transactions;
   DROP TABLE transactions;
   CREATE TABLE client_revocations (
     client_id TEXT PRIMARY KEY, revoked_at INTEGER NOT NULL) STRICT;
   CREATE TABLE events (
     number INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL) STRICT;`,
];

/**
 * Refuses a database that is not ours before anything in it is changed.
 *
 * @throws StoreUnavailableError for another program's database or one of a newer release
 */
export function checkSchema(db: DatabaseSync, path: string): void {
  const version = readPragma(db, 'user_version');
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'];
  const isNew = version === 0 && tables === 0;
  if (!isNew && readPragma(db, 'application_id') !== APPLICATION_ID) {
    throw new StoreUnavailableError(
      `${path} is a database of another program, so it was left alone. Choose another file for the store.`,
    );
  }
  if (version > MIGRATIONS.length) {
    throw new StoreUnavailableError(
      `${path} was written by a newer release of mcpgw (schema ${version}, this one knows ${MIGRATIONS.length}). ` +
        'Use that release again, or choose another file for the store.',
    );
  }
}

/** Brings the file to the current schema, all or nothing. Of processes that start at once one does it. */
export function migrate(db: DatabaseSync, path: string): void {
  if (readPragma(db, 'user_version') === MIGRATIONS.length) return;
  inTransaction(db, () => {
    // Again, now under the lock: another process may have been faster.
    checkSchema(db, path);
    for (const step of MIGRATIONS.slice(readPragma(db, 'user_version'))) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

/** Runs `work` as one transaction that takes the write lock at once, so that what it reads cannot change under it. */
export function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    try {
      db.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself (a full disk, for one); the first error is the one to tell.
    }
    throw error;
  }
}

function readPragma(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
