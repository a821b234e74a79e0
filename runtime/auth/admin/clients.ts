import type { ClientMetadata, ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { isInternalClient } from './health-caller.ts';

/** A registered client as an operator sees it. Nothing in it opens a door. */
export interface ClientView {
  client_id: string;
  /** ISO 8601. */
  registered_at: string;
  /** ISO 8601; null: never. */
  expires_at: string | null;
  /** Whether it has a secret, of which only a hash is stored. */
  has_secret: boolean;
  /** RFC 7591 §2, as answered at registration. */
  metadata: ClientMetadata;
}

/**
 * @returns newest first, without our own
 * @throws StoreUnavailableError
 */
export async function listClients({ store }: AuthContext): Promise<ClientView[]> {
  return (await store.listClients()).filter(({ id }) => !isInternalClient(id)).map(viewOf);
}

/** @throws StoreUnavailableError */
export async function showClient({ store }: AuthContext, id: string): Promise<ClientView | undefined> {
  const client = isInternalClient(id) ? undefined : await store.getClient(id);
  return client === undefined ? undefined : viewOf(client);
}

/**
 * Ends the client and every token of its grants.
 * @returns the client as it was; undefined when there was none
 * @throws StoreUnavailableError
 */
export async function deleteClient(context: AuthContext, id: string): Promise<ClientView | undefined> {
  const client = await showClient(context, id);
  if (client === undefined || !(await context.store.deleteClient(id))) return undefined;
  context.audit('client_deleted', { client: id, clientName: client.metadata.client_name });
  return client;
}

function viewOf({ id, issuedAtMs, expiresAtMs, secretHash, metadata }: ClientRecord): ClientView {
  return {
    client_id: id,
    registered_at: new Date(issuedAtMs).toISOString(),
    expires_at: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString(),
    has_secret: secretHash !== undefined,
    metadata,
  };
}
