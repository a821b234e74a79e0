import { ExpiringMap } from './expiring-map.ts';
import { redeem, rotate } from './grant.ts';
import { byNewest, byNewestIssued } from './order.ts';
import { judgeStanding } from './standing.ts';
import { StoreUnavailableError } from './store.ts';
import type { ClientRecord, GrantRecord, KeyRecord, Store, TransactionRecord } from './store.ts';

export interface MemoryStoreOptions {
  /** Clock, milliseconds since the epoch. */
  now?: () => number;
}

/**
 * A store in this process's memory, for tests: what it holds is gone with the process. Records are copied in and out,
 * so that a caller cannot change what is stored, just as with a database.
 */
export function createMemoryStore({ now = Date.now }: MemoryStoreOptions = {}): Store {
  const clients = new ExpiringMap<ClientRecord>(now);
  const transactions = new ExpiringMap<TransactionRecord>(now);
  const grants = new ExpiringMap<GrantRecord>(now);
  const userRevocations = new Map<string, number>();
  const keys = new Map<string, KeyRecord>();
  let open = true;

  /** Runs one step. It holds no `await`, so nothing comes between its reads and its writes. */
  // eslint-disable-next-line @typescript-eslint/require-await -- async turns what is thrown into a rejection
  const step = async <Result>(work: () => Result): Promise<Result> => {
    if (!open) throw new StoreUnavailableError('The store is closed.');
    return structuredClone(work());
  };
  const sortedKeys = (): KeyRecord[] => [...keys.values()].sort(byNewest);

  return {
    ping: () => step(() => undefined),

    putClient: (client) => step(() => clients.put(client.id, client)),
    replaceClient: (client) =>
      step(() => {
        if (clients.get(client.id) === undefined) return false;
        clients.put(client.id, client);
        return true;
      }),
    getClient: (id) => step(() => clients.get(id)),
    deleteClient: (id) => step(() => clients.take(id) !== undefined),
    listClients: () => step(() => clients.list().sort(byNewestIssued)),

    putTransaction: (transaction) => step(() => transactions.put(transaction.idHash, transaction)),
    getTransaction: (idHash) => step(() => transactions.get(idHash)),
    takeTransaction: (idHash) => step(() => transactions.take(idHash)),

    putGrant: (grant) => step(() => grants.put(grant.id, grant)),
    getGrant: (id) => step(() => grants.get(id)),
    redeemCode: (grantId, codeHash, expiresAtMs) =>
      step(() => {
        const { result, changed } = redeem(grants.get(grantId), codeHash, now(), expiresAtMs);
        if (changed !== undefined) grants.put(grantId, changed);
        return result;
      }),
    rotateRefresh: (request) =>
      step(() => {
        const { result, changed } = rotate(grants.get(request.grantId), request, now());
        if (changed !== undefined) grants.put(request.grantId, changed);
        return result;
      }),
    revokeGrant: (id) =>
      step(() => {
        const grant = grants.get(id);
        if (grant !== undefined) grants.put(id, { ...grant, revoked: true });
      }),

    revokeUser: (userId, atMs) =>
      step(() => {
        userRevocations.set(userId, Math.max(atMs, userRevocations.get(userId) ?? atMs));
      }),
    standing: (grantId, clientId, userId) =>
      step(() =>
        judgeStanding({
          grant: grants.get(grantId),
          clientFound: clients.get(clientId) !== undefined,
          userRevokedAtMs: userRevocations.get(userId),
        }),
      ),

    listKeys: () => step(sortedKeys),
    seedKey: (key) =>
      step(() => {
        if (keys.size === 0) keys.set(key.kid, structuredClone(key));
        return sortedKeys();
      }),

    close: () => {
      open = false;
      return Promise.resolve();
    },
  };
}
