/**
 * What the authorization server keeps, behind one interface with several adapters (memory, SQLite, Redis). Every method
 * is one atomic step: two callers at the same moment see the same outcome as two callers one after the other. The
 * contract suite (`tests/store/contract.ts`) runs against every adapter.
 *
 * Times are milliseconds since the epoch. Nothing that opens a door is stored readable: codes and secrets are hashed,
 * answers and private keys sealed, refresh tokens not stored at all (see `GrantRecord.generation`).
 *
 * A fault of the storage itself is thrown as `StoreUnavailableError`; callers answer 503 (security invariant 13).
 */
import type { ClientRecord, RecordKinds, RecordKind, GrantRecord, KeyRecord } from './record-types.ts';

export * from './record-types.ts';

export type RedeemCodeResult =
  | { outcome: 'redeemed'; grant: GrantRecord }
  /** The code was used before: the grant is now revoked. */
  | { outcome: 'replayed'; grant: GrantRecord }
  /** No such grant or code, expired, or revoked. */
  | { outcome: 'unknown' };

export interface RotateRefresh {
  grantId: string;
  /** Generation of the token that was presented (its MAC has been checked). */
  generation: number;
  /** The new answer, in case this call is the one that rotates. */
  sealed: string;
  graceMs: number;
  /** Where the grant's end moves to on success. */
  expiresAtMs: number;
}

export type RotateRefreshResult =
  | { outcome: 'rotated' }
  /** The same token again, within grace or while its successor was never used: the identical answer. */
  | { outcome: 'retry'; sealed: string }
  /** An older token: the family is now revoked (RFC 9700 §4.14.2). */
  | { outcome: 'reused' }
  | { outcome: 'unknown' };

/** What `/verify` asks about a token that is otherwise good. */
export interface Standing {
  /** The grant exists, has not ended and is not revoked. */
  grantAlive: boolean;
  clientAlive: boolean;
  userAlive: boolean;
}

/** A rate: at most `burst` at once, refilled by `perSecond`. */
export interface BucketLimit {
  burst: number;
  perSecond: number;
}

export interface BucketAnswer {
  /** How many of those asked for were granted; never more than asked. */
  granted: number;
  /** Where nothing was granted: how long until one is there, milliseconds. */
  waitMs: number;
}

/** Something that ended or changed, so that what is remembered of it must be asked again. */
export type Notice =
  | { kind: 'grant' | 'client' | 'user'; id: string }
  | { kind: 'keys' }
  /** Notices may have been missed: nothing that is remembered can be relied on. */
  | { kind: 'all' };

/** How many events `listEvents` reaches back. */
export const MAX_EVENTS = 1_000;

export interface Store {
  /** @throws StoreUnavailableError when the storage does not answer */
  ping(): Promise<void>;

  /** Inserts or replaces. */
  putClient(client: ClientRecord): Promise<void>;
  /**
   * Replaces `expected`, as `getClient` returned it: an update that races with a deletion must not bring the client (and
   * its tokens) back, nor undo another update. @returns false where it is another one meanwhile, or gone
   */
  swapClient(expected: ClientRecord, next: ClientRecord): Promise<boolean>;
  /** @returns undefined for an unknown, deleted or expired client */
  getClient(id: string): Promise<ClientRecord | undefined>;
  /** Ends the client and with it every token of its grants. @returns whether it existed */
  deleteClient(id: string): Promise<boolean>;
  /** Newest first. */
  listClients(): Promise<ClientRecord[]>;

  /** Inserts or replaces. */
  putRecord<Kind extends RecordKind>(kind: Kind, id: string, record: RecordKinds[Kind]): Promise<void>;
  /** Inserts only where there is none. @returns whether it did: of concurrent callers one gets true */
  addRecord<Kind extends RecordKind>(kind: Kind, id: string, record: RecordKinds[Kind]): Promise<boolean>;
  /** @returns undefined for an unknown or ended one */
  getRecord<Kind extends RecordKind>(kind: Kind, id: string): Promise<RecordKinds[Kind] | undefined>;
  /** Replaces `expected`, as it was read. @returns false where it is another one meanwhile, or gone */
  swapRecord<Kind extends RecordKind>(
    kind: Kind,
    id: string,
    expected: RecordKinds[Kind],
    next: RecordKinds[Kind],
  ): Promise<boolean>;
  /** Removes and returns it: of concurrent callers one gets it. */
  takeRecord<Kind extends RecordKind>(kind: Kind, id: string): Promise<RecordKinds[Kind] | undefined>;

  putGrant(grant: GrantRecord): Promise<void>;
  /** @returns undefined for an unknown or ended grant; a revoked one is returned with `revoked` set */
  getGrant(id: string): Promise<GrantRecord | undefined>;
  /**
   * Uses the code up (invariant 2). On success `generation` becomes 1 and the grant's end moves to `expiresAtMs`.
   * A used code revokes the grant, also when it has expired meanwhile.
   */
  redeemCode(grantId: string, codeHash: string, expiresAtMs: number): Promise<RedeemCodeResult>;
  /** Rotates a refresh token (invariant 3). */
  rotateRefresh(rotate: RotateRefresh): Promise<RotateRefreshResult>;
  /** Idempotent. */
  revokeGrant(id: string): Promise<void>;

  /** Ends every token and every session of the user from before `atMs`. */
  revokeUser(userId: string, atMs: number): Promise<void>;
  /** @returns the latest `atMs` of `revokeUser`; undefined where there was none */
  userRevokedAt(userId: string): Promise<number | undefined>;
  /**
   * Ends every token of the client from before `atMs`. For clients that are not registered but name themselves by the URL
   * of a metadata document: those always exist, and only this ends what they were given.
   */
  revokeClient(clientId: string, atMs: number): Promise<void>;
  /** @returns the latest `atMs` of `revokeClient`; undefined where there was none */
  clientRevokedAt(clientId: string): Promise<number | undefined>;
  /** Cheap: `/verify` asks it for every request. Without a grant the user counts as not alive either. */
  standing(grantId: string, clientId: string, userId: string): Promise<Standing>;

  /** @returns newest first: the first one signs */
  listKeys(): Promise<KeyRecord[]>;
  /** Adds the key only while there is none, so that replicas that start at once agree. @returns the keys after it */
  seedKey(key: KeyRecord): Promise<KeyRecord[]>;
  /** Inserts or replaces. */
  putKey(key: KeyRecord): Promise<void>;
  deleteKey(kid: string): Promise<void>;

  /** Takes up to `count` from the bucket of that name, which all replicas share. */
  takeFromBucket(name: string, limit: BucketLimit, count: number): Promise<BucketAnswer>;

  /** Adds to a ring of `MAX_EVENTS`. @param event one line of JSON */
  appendEvent(event: string): Promise<void>;
  /** Newest first. */
  listEvents(limit: number): Promise<string[]>;

  /**
   * Calls `listener` for each thing that ends or changes, in this process or another one: a grant revoked (a re-used code
   * or refresh token among the causes), a client deleted, replaced or revoked, a user revoked, the keys changed. Notices
   * come within milliseconds but may be lost with a connection, which is told by `all` once it is back; so what must hold
   * is asked for again now and then all the same.
   *
   * @returns how to stop it
   */
  subscribe(listener: (notice: Notice) => void): () => void;

  close(): Promise<void>;
}

/** The storage did not answer or could not write: nothing is decided on (503, security invariant 13). */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}
