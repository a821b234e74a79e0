/**
 * The SQL of the store, prepared once, a group for each kind of record. Each function is one atomic statement; "ended"
 * is always judged by the `nowMs` that is passed in, never by SQLite's clock.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { StoredGrant } from '../grant.ts';
import { isDocumentClient, judgeStanding } from '../standing.ts';
import { MAX_EVENTS } from '../store.ts';
import type { ClientRecord, KeyRecord, RecordKind, RecordKinds, Standing } from '../store.ts';

type AnyRecord = RecordKinds[RecordKind];

export function prepareClients(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO clients (id, issued_at, expires_at, data) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
     SET issued_at = excluded.issued_at, expires_at = excluded.expires_at, data = excluded.data`,
  );
  const swap = db.prepare(
    `UPDATE clients SET issued_at = ?, expires_at = ?, data = ?
     WHERE id = ? AND (expires_at IS NULL OR expires_at > ?) AND data = ?`,
  );
  const get = db.prepare('SELECT data FROM clients WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)');
  const remove = db.prepare('DELETE FROM clients WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)');
  const list = db.prepare(
    'SELECT data FROM clients WHERE expires_at IS NULL OR expires_at > ? ORDER BY issued_at DESC, id',
  );
  return {
    putClient: (client: ClientRecord): void => {
      put.run(client.id, client.issuedAtMs, client.expiresAtMs ?? null, JSON.stringify(client));
    },
    swapClient: (expected: ClientRecord, next: ClientRecord, nowMs: number): boolean => {
      const { id, issuedAtMs, expiresAtMs = null } = next;
      const { changes } = swap.run(
        ...[issuedAtMs, expiresAtMs, JSON.stringify(next), id, nowMs, JSON.stringify(expected)],
      );
      return Number(changes) > 0;
    },
    getClient: (id: string, nowMs: number) => parse<ClientRecord>(get.get(id, nowMs)),
    deleteClient: (id: string, nowMs: number): boolean => Number(remove.run(id, nowMs).changes) > 0,
    listClients: (nowMs: number) => parseAll<ClientRecord>(list.all(nowMs)),
  };
}

export function prepareRecords(db: DatabaseSync) {
  const put = db.prepare('INSERT OR REPLACE INTO records (kind, id, expires_at, data) VALUES (?, ?, ?, ?)');
  const add = db.prepare(
    `INSERT INTO records (kind, id, expires_at, data) VALUES (?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE
     SET expires_at = excluded.expires_at, data = excluded.data WHERE expires_at <= ?`,
  );
  const get = db.prepare('SELECT data FROM records WHERE kind = ? AND id = ? AND expires_at > ?');
  const swap = db.prepare(
    'UPDATE records SET expires_at = ?, data = ? WHERE kind = ? AND id = ? AND expires_at > ? AND data = ?',
  );
  const take = db.prepare('DELETE FROM records WHERE kind = ? AND id = ? AND expires_at > ? RETURNING data');
  return {
    putRecord: (kind: RecordKind, id: string, record: AnyRecord): void => {
      put.run(kind, id, record.expiresAtMs, JSON.stringify(record));
    },
    addRecord: (kind: RecordKind, id: string, record: AnyRecord, nowMs: number): boolean =>
      Number(add.run(kind, id, record.expiresAtMs, JSON.stringify(record), nowMs).changes) > 0,
    getRecord: <Kind extends RecordKind>(kind: Kind, id: string, nowMs: number) =>
      parse<RecordKinds[Kind]>(get.get(kind, id, nowMs)),
    swapRecord: (
      kind: RecordKind,
      id: string,
      expected: AnyRecord,
      next: AnyRecord,
      nowMs: number,
    ): boolean => {
      const { changes } = swap.run(
        ...[next.expiresAtMs, JSON.stringify(next), kind, id, nowMs, JSON.stringify(expected)],
      );
      return Number(changes) > 0;
    },
    // `all` runs the statement to its end, so that the deletion is committed.
    takeRecord: <Kind extends RecordKind>(kind: Kind, id: string, nowMs: number) =>
      parse<RecordKinds[Kind]>(take.all(kind, id, nowMs)[0]),
  };
}

/** The column `revoked` rules over the same member in `data`, so that revoking touches no JSON. */
export function prepareGrants(db: DatabaseSync) {
  const put = db.prepare(
    `INSERT INTO grants (id, user_id, created_at, expires_at, revoked, data) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, created_at = excluded.created_at,
     expires_at = excluded.expires_at, revoked = excluded.revoked, data = excluded.data`,
  );
  const get = db.prepare('SELECT revoked, data FROM grants WHERE id = ? AND expires_at > ?');
  const revoke = db.prepare('UPDATE grants SET revoked = 1 WHERE id = ?');
  return {
    putGrant: (grant: StoredGrant): void => {
      const { id, user, createdAtMs, expiresAtMs, revoked } = grant;
      put.run(id, user.id, createdAtMs, expiresAtMs, revoked ? 1 : 0, JSON.stringify(grant));
    },
    getGrant: (id: string, nowMs: number): StoredGrant | undefined => {
      const row = get.get(id, nowMs);
      const grant = parse<StoredGrant>(row);
      return grant && { ...grant, revoked: row?.['revoked'] === 1 };
    },
    revokeGrant: (id: string): void => {
      revoke.run(id);
    },
  };
}

export function prepareStanding(db: DatabaseSync) {
  const raise = (table: string, column: string) =>
    db.prepare(
      `INSERT INTO ${table} (${column}, revoked_at) VALUES (?, ?)
       ON CONFLICT (${column}) DO UPDATE SET revoked_at = max(revoked_at, excluded.revoked_at)`,
    );
  const revokeUser = raise('user_revocations', 'user_id');
  const revokeClient = raise('client_revocations', 'client_id');
  const revokedAt = (table: string, column: string) => {
    const read = db.prepare(`SELECT revoked_at AS at FROM ${table} WHERE ${column} = ?`);
    return (id: string): number | undefined => {
      const at = read.get(id)?.['at'];
      return at === undefined ? undefined : Number(at);
    };
  };
  const standing = db.prepare(
    `SELECT g.created_at AS createdAtMs, g.revoked AS revoked,
       EXISTS (SELECT 1 FROM clients WHERE id = :clientId AND (expires_at IS NULL OR expires_at > :nowMs)) AS clientFound,
       (SELECT revoked_at FROM client_revocations WHERE client_id = :clientId) AS clientRevokedAtMs,
       (SELECT revoked_at FROM user_revocations WHERE user_id = :userId) AS userRevokedAtMs
     FROM (SELECT 1) LEFT JOIN grants AS g ON g.id = :grantId AND g.expires_at > :nowMs`,
  );
  return {
    revokeUser: (userId: string, atMs: number): void => {
      revokeUser.run(userId, atMs);
    },
    userRevokedAt: revokedAt('user_revocations', 'user_id'),
    revokeClient: (clientId: string, atMs: number): void => {
      revokeClient.run(clientId, atMs);
    },
    clientRevokedAt: revokedAt('client_revocations', 'client_id'),
    standing: (grantId: string, clientId: string, userId: string, nowMs: number): Standing => {
      const row = standing.get({ grantId, clientId, userId, nowMs }) as unknown as {
        createdAtMs: number | null;
        revoked: number | null;
        clientFound: number;
        clientRevokedAtMs: number | null;
        userRevokedAtMs: number | null;
      };
      const { createdAtMs, clientRevokedAtMs, userRevokedAtMs } = row;
      return judgeStanding({
        grant: createdAtMs === null ? undefined : { createdAtMs, revoked: row.revoked === 1 },
        clientFound: isDocumentClient(clientId) || row.clientFound === 1,
        clientRevokedAtMs: clientRevokedAtMs ?? undefined,
        userRevokedAtMs: userRevokedAtMs ?? undefined,
      });
    },
  };
}

export function prepareKeys(db: DatabaseSync) {
  const seed = db.prepare(
    'INSERT INTO signing_keys (kid, data) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM signing_keys)',
  );
  const put = db.prepare('INSERT OR REPLACE INTO signing_keys (kid, data) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM signing_keys WHERE kid = ?');
  const list = db.prepare('SELECT data FROM signing_keys');
  return {
    seedKey: (key: KeyRecord): void => {
      seed.run(key.kid, JSON.stringify(key));
    },
    putKey: (key: KeyRecord): void => {
      put.run(key.kid, JSON.stringify(key));
    },
    deleteKey: (kid: string): void => {
      remove.run(kid);
    },
    listKeys: () => parseAll<KeyRecord>(list.all()),
  };
}

export function prepareEvents(db: DatabaseSync) {
  const append = db.prepare('INSERT INTO events (data) VALUES (?)');
  const trim = db.prepare('DELETE FROM events WHERE number <= (SELECT max(number) FROM events) - ?');
  const list = db.prepare('SELECT data FROM events ORDER BY number DESC LIMIT ?');
  return {
    appendEvent: (event: string): void => {
      append.run(event);
      trim.run(MAX_EVENTS);
    },
    listEvents: (limit: number) => list.all(limit).map((row) => String(row['data'])),
  };
}

type Row = ReturnType<ReturnType<DatabaseSync['prepare']>['get']>;

/** We wrote it, so the type is known; JSON that does not parse is a damaged file (`guarded`). */
function parse<RecordType>(row: Row): RecordType | undefined {
  return row === undefined ? undefined : (JSON.parse(String(row['data'])) as RecordType);
}

function parseAll<RecordType>(rows: NonNullable<Row>[]): RecordType[] {
  return rows.map((row) => JSON.parse(String(row['data'])) as RecordType);
}
