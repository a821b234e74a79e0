import { Buckets } from './buckets.ts';
import { ExpiringMap } from './expiring-map.ts';
import { redeem, rotate, withoutAnswers, type GrantStep, type StoredGrant } from './grant.ts';
import { Notices } from './notices.ts';
import { byNewest, byNewestIssued } from './order.ts';
import { isDocumentClient, judgeStanding } from './standing.ts';
import { MAX_EVENTS, StoreUnavailableError } from './store.ts';
import type { ClientRecord, KeyRecord, RecordKind, RecordKinds, Store } from './store.ts';

export interface MemoryStoreOptions {
  /** Clock, milliseconds since the epoch. */
  now?: () => number;
}

type AnyRecord = RecordKinds[RecordKind];

/**
 * A store in this process's memory, for tests: what it holds is gone with the process. Records are copied in and out,
 * so that a caller cannot change what is stored, just as with a database.
 */
export function createMemoryStore({ now = Date.now }: MemoryStoreOptions = {}): Store {
  const clients = new ExpiringMap<ClientRecord>(now);
  const records = new ExpiringMap<AnyRecord>(now);
  const grants = new ExpiringMap<StoredGrant>(now);
  const userRevocations = new Map<string, number>();
  const clientRevocations = new Map<string, number>();
  const keys = new Map<string, KeyRecord>();
  const events: string[] = [];
  const buckets = new Buckets(now);
  const notices = new Notices();
  let open = true;

  /** Runs one step. It holds no `await`, so nothing comes between its reads and its writes. */
  // eslint-disable-next-line @typescript-eslint/require-await -- async turns what is thrown into a rejection
  const step = async <Result>(work: () => Result): Promise<Result> => {
    if (!open) throw new StoreUnavailableError('The store is closed.');
    return structuredClone(work());
  };
  const changeGrant = <Result>(id: string, decide: (grant: StoredGrant | undefined) => GrantStep<Result>) =>
    step(() => {
      const { result, changed } = decide(grants.get(id));
      if (changed !== undefined) grants.put(id, changed);
      if (changed?.revoked === true) notices.tell({ kind: 'grant', id });
      return result;
    });
  const sortedKeys = (): KeyRecord[] => [...keys.values()].sort(byNewest);

  return {
    ping: () => step(() => undefined),

    putClient: (client) => step(() => clients.put(client.id, client)),
    swapClient: (expected, next) =>
      step(() => {
        const found = clients.get(next.id);
        if (found === undefined || JSON.stringify(found) !== JSON.stringify(expected)) return false;
        clients.put(next.id, next);
        notices.tell({ kind: 'client', id: next.id });
        return true;
      }),
    getClient: (id) => step(() => clients.get(id)),
    deleteClient: (id) =>
      step(() => {
        const existed = clients.take(id) !== undefined;
        notices.tell({ kind: 'client', id });
        return existed;
      }),
    listClients: () => step(() => clients.list().sort(byNewestIssued)),

    putRecord: (kind, id, record) => step(() => records.put(keyOf(kind, id), record)),
    addRecord: (kind, id, record) =>
      step(() => {
        if (records.get(keyOf(kind, id)) !== undefined) return false;
        records.put(keyOf(kind, id), record);
        return true;
      }),
    getRecord: <Kind extends RecordKind>(kind: Kind, id: string) =>
      step(() => records.get(keyOf(kind, id)) as RecordKinds[Kind] | undefined),
    swapRecord: (kind, id, expected, next) =>
      step(() => {
        const found = records.get(keyOf(kind, id));
        if (found === undefined || JSON.stringify(found) !== JSON.stringify(expected)) return false;
        records.put(keyOf(kind, id), next);
        return true;
      }),
    takeRecord: <Kind extends RecordKind>(kind: Kind, id: string) =>
      step(() => records.take(keyOf(kind, id)) as RecordKinds[Kind] | undefined),

    putGrant: (grant) => step(() => grants.put(grant.id, { ...grant, answers: [] })),
    getGrant: (id) =>
      step(() => {
        const grant = grants.get(id);
        return grant && withoutAnswers(grant);
      }),
    redeemCode: (grantId, codeHash, expiresAtMs) =>
      changeGrant(grantId, (grant) => redeem(grant, codeHash, now(), expiresAtMs)),
    rotateRefresh: (request) => changeGrant(request.grantId, (grant) => rotate(grant, request, now())),
    revokeGrant: (id) =>
      changeGrant(id, (grant) => ({
        result: undefined,
        ...(grant !== undefined && { changed: { ...grant, revoked: true } }),
      })),

    revokeUser: (userId, atMs) =>
      step(() => {
        raise(userRevocations, userId, atMs);
        notices.tell({ kind: 'user', id: userId });
      }),
    userRevokedAt: (userId) => step(() => userRevocations.get(userId)),
    revokeClient: (clientId, atMs) =>
      step(() => {
        raise(clientRevocations, clientId, atMs);
        notices.tell({ kind: 'client', id: clientId });
      }),
    clientRevokedAt: (clientId) => step(() => clientRevocations.get(clientId)),
    standing: (grantId, clientId, userId) =>
      step(() =>
        judgeStanding({
          grant: grants.get(grantId),
          clientFound: isDocumentClient(clientId) || clients.get(clientId) !== undefined,
          clientRevokedAtMs: clientRevocations.get(clientId),
          userRevokedAtMs: userRevocations.get(userId),
        }),
      ),

    listKeys: () => step(sortedKeys),
    seedKey: (key) =>
      step(() => {
        if (keys.size === 0) keys.set(key.kid, structuredClone(key));
        return sortedKeys();
      }),
    putKey: (key) =>
      step(() => {
        keys.set(key.kid, structuredClone(key));
        notices.tell({ kind: 'keys' });
      }),
    deleteKey: (kid) =>
      step(() => {
        keys.delete(kid);
        notices.tell({ kind: 'keys' });
      }),

    takeFromBucket: (name, limit, count) => step(() => buckets.take(name, limit, count)),

    appendEvent: (event) =>
      step(() => {
        events.unshift(event);
        events.length = Math.min(events.length, MAX_EVENTS);
      }),
    listEvents: (limit) => step(() => events.slice(0, limit)),

    subscribe: (listener) => notices.subscribe(listener),

    close: () => {
      open = false;
      return Promise.resolve();
    },
  };
}

function keyOf(kind: RecordKind, id: string): string {
  return `${kind}:${id}`;
}

function raise(values: Map<string, number>, id: string, value: number): void {
  values.set(id, Math.max(value, values.get(id) ?? value));
}
