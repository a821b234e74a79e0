import type { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '../config/log.ts';
import type { Logger } from '../config/log.ts';
import { Buckets } from './buckets.ts';
import { redeem, rotate, withoutAnswers } from './grant.ts';
import type { GrantStep, StoredGrant } from './grant.ts';
import { Notices } from './notices.ts';
import { byNewest } from './order.ts';
import { guarded } from './sqlite/fault.ts';
import { openDatabase } from './sqlite/file.ts';
import { inTransaction } from './sqlite/schema.ts';
import {
  prepareClients,
  prepareEvents,
  prepareGrants,
  prepareKeys,
  prepareRecords,
  prepareStanding,
} from './sqlite/statements.ts';
import { prepareSweep } from './sqlite/sweep.ts';
import type { Notice, RecordKind, Store } from './store.ts';

/** SQLite is synchronous: while a step waits for a lock, the process answers nothing else. */
const LOCK_TIMEOUT_MS = 2_000;
const SWEEP_EVERY_MS = 60_000;
/** While a sweep finds more than it may remove at once. */
const SWEEP_AGAIN_MS = 1_000;
const SWEEP_LIMIT = 500;

export interface SqliteStoreOptions {
  /** The database file; it and missing folders are created, readable to this user only. */
  path: string;
  /** Clock, milliseconds since the epoch. */
  now?: () => number;
  logger?: Logger;
  /** How long a step waits for another process's lock before it fails. */
  lockTimeoutMs?: number;
}

/**
 * The store in one durable file, for the embedded mode. What was answered is on the disk; several processes may use the
 * same file on one machine (not over a network file system, whose locks SQLite cannot rely on).
 *
 * @throws StoreUnavailableError when the file cannot be used; it names the file and what to do
 */
export function openSqliteStore(options: SqliteStoreOptions): Store {
  const { path, now = Date.now, logger = silentLogger, lockTimeoutMs = LOCK_TIMEOUT_MS } = options;
  const db = openDatabase(path, lockTimeoutMs);
  const statements = guarded(path, () => prepareAll(db));
  const stopSweeping = startSweeping(db, path, now, logger);

  // Both are this process's own: the file is for one gateway, and another process that opens it asks again once a second.
  const buckets = new Buckets(now);
  const notices = new Notices();

  // eslint-disable-next-line @typescript-eslint/require-await -- async turns what is thrown into a rejection
  const step = async <Result>(work: () => Result): Promise<Result> => guarded(path, work);
  /** A step that others are told of. */
  const change = async <Result>(notice: Notice, work: () => Result): Promise<Result> => {
    const result = await step(work);
    notices.tell(notice);
    return result;
  };
  const changeGrant = async <Result>(
    id: string,
    decide: (grant: StoredGrant | undefined) => GrantStep<Result>,
  ): Promise<Result> => {
    const { result, changed } = await step(() =>
      inTransaction(db, () => {
        const decided = decide(statements.getGrant(id, now()));
        if (decided.changed !== undefined) statements.putGrant(decided.changed);
        return decided;
      }),
    );
    if (changed?.revoked === true) notices.tell({ kind: 'grant', id });
    return result;
  };

  const sortedKeys = () => statements.listKeys().sort(byNewest);
  let isOpen = true;

  return {
    ping: () => step(() => void statements.ping.get()),

    putClient: (client) => step(() => statements.putClient(client)),
    swapClient: (expected, next) =>
      change({ kind: 'client', id: next.id }, () => statements.swapClient(expected, next, now())),
    getClient: (id) => step(() => statements.getClient(id, now())),
    deleteClient: (id) => change({ kind: 'client', id }, () => statements.deleteClient(id, now())),
    listClients: () => step(() => statements.listClients(now())),

    putRecord: (kind, id, record) => step(() => statements.putRecord(kind, id, record)),
    addRecord: (kind, id, record) => step(() => statements.addRecord(kind, id, record, now())),
    getRecord: <Kind extends RecordKind>(kind: Kind, id: string) =>
      step(() => statements.getRecord(kind, id, now())),
    swapRecord: (kind, id, expected, next) =>
      step(() => statements.swapRecord(kind, id, expected, next, now())),
    takeRecord: <Kind extends RecordKind>(kind: Kind, id: string) =>
      step(() => statements.takeRecord(kind, id, now())),

    putGrant: (grant) => step(() => statements.putGrant({ ...grant, answers: [] })),
    getGrant: (id) =>
      step(() => {
        const grant = statements.getGrant(id, now());
        return grant && withoutAnswers(grant);
      }),
    redeemCode: (grantId, codeHash, expiresAtMs) =>
      changeGrant(grantId, (grant) => redeem(grant, codeHash, now(), expiresAtMs)),
    rotateRefresh: (request) => changeGrant(request.grantId, (grant) => rotate(grant, request, now())),
    revokeGrant: (id) => change({ kind: 'grant', id }, () => statements.revokeGrant(id)),

    revokeUser: (userId, atMs) =>
      change({ kind: 'user', id: userId }, () => statements.revokeUser(userId, atMs)),
    userRevokedAt: (userId) => step(() => statements.userRevokedAt(userId)),
    revokeClient: (clientId, atMs) =>
      change({ kind: 'client', id: clientId }, () => statements.revokeClient(clientId, atMs)),
    clientRevokedAt: (clientId) => step(() => statements.clientRevokedAt(clientId)),
    standing: (grantId, clientId, userId) =>
      step(() => statements.standing(grantId, clientId, userId, now())),

    listKeys: () => step(sortedKeys),
    seedKey: (key) =>
      step(() =>
        inTransaction(db, () => {
          statements.seedKey(key);
          return sortedKeys();
        }),
      ),
    putKey: (key) => change({ kind: 'keys' }, () => statements.putKey(key)),
    deleteKey: (kid) => change({ kind: 'keys' }, () => statements.deleteKey(kid)),

    takeFromBucket: (name, limit, count) => step(() => buckets.take(name, limit, count)),

    appendEvent: (event) => step(() => inTransaction(db, () => statements.appendEvent(event))),
    listEvents: (limit) => step(() => statements.listEvents(limit)),

    subscribe: (listener) => notices.subscribe(listener),

    close: () =>
      step(() => {
        if (!isOpen) return;
        isOpen = false;
        stopSweeping();
        db.close();
      }),
  };
}

function prepareAll(db: DatabaseSync) {
  return {
    ping: db.prepare('SELECT count(*) FROM signing_keys'),
    ...prepareClients(db),
    ...prepareRecords(db),
    ...prepareGrants(db),
    ...prepareStanding(db),
    ...prepareKeys(db),
    ...prepareEvents(db),
  };
}

/** Sweeps now and then, a bounded bite at a time, without keeping the process alive. @returns how to stop it */
function startSweeping(db: DatabaseSync, path: string, now: () => number, logger: Logger): () => void {
  const sweep = guarded(path, () => prepareSweep(db, SWEEP_LIMIT));
  const run = (): void => {
    let isMore = false;
    try {
      isMore = guarded(path, () => inTransaction(db, () => sweep(now())));
    } catch (error) {
      // What has ended stays hidden all the same, so a failed sweep harms nobody; the next one tries again.
      logger.warn({ err: error }, 'The sweep of ended records failed.');
    }
    timer = setTimeout(run, isMore ? SWEEP_AGAIN_MS : SWEEP_EVERY_MS).unref();
  };
  let timer = setTimeout(run, SWEEP_EVERY_MS).unref();
  return () => clearTimeout(timer);
}
