import type { ClientMetadata, ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { readClientDocument } from '../clients/client-document.ts';
import { clientUrlProblem, isClientUrl } from '../clients/client-url.ts';
import { OAuthError } from '../errors.ts';
import { sha256 } from '../hashing.ts';
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

/** A client that is the URL of its metadata document. It has no registration; this is what is known of it. */
export interface DocumentClientView {
  client_id: string;
  /** When its document was fetched, and until when it is not fetched again; ISO 8601. */
  fetched_at: string;
  fresh_until: string;
  /** When the operator last ended all that it had, ISO 8601; null: never. */
  access_ended_at: string | null;
  /** As the document says it, within what is taken here. */
  metadata: ClientMetadata;
}

/** The end of all that a client had which is the URL of its metadata document. */
export interface AccessEndedView {
  client_id: string;
  /** ISO 8601. */
  access_ended_at: string;
}

/**
 * @returns newest first, without our own
 * @throws StoreUnavailableError
 */
export async function listClients({ store }: AuthContext): Promise<ClientView[]> {
  return (await store.listClients()).filter(({ id }) => !isInternalClient(id)).map(viewOf);
}

/**
 * @returns undefined for a client that is not registered, and for a URL that no usable document is kept of
 * @throws StoreUnavailableError
 */
export async function showClient(
  context: AuthContext,
  id: string,
): Promise<ClientView | DocumentClientView | undefined> {
  return isClientUrl(id) ? showDocumentClient(context, id) : showRegistered(context, id);
}

async function showRegistered({ store }: AuthContext, id: string): Promise<ClientView | undefined> {
  const client = isInternalClient(id) ? undefined : await store.getClient(id);
  return client === undefined ? undefined : viewOf(client);
}

/** Asks the client's site nothing. */
async function showDocumentClient(
  { store, settings }: AuthContext,
  id: string,
): Promise<DocumentClientView | undefined> {
  const [document, endedAtMs] = await Promise.all([
    store.getRecord('document', sha256(id)),
    store.clientRevokedAt(id),
  ]);
  if (document === undefined) return undefined;
  try {
    return {
      client_id: id,
      fetched_at: new Date(document.fetchedAtMs).toISOString(),
      fresh_until: new Date(document.freshUntilMs).toISOString(),
      access_ended_at: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(),
      metadata: readClientDocument(id, document.body, settings).metadata,
    };
  } catch (error) {
    if (error instanceof OAuthError) return undefined;
    throw error;
  }
}

/**
 * Ends the client and every token of its grants. One that is a URL cannot be deleted and may ask again; what it had, and
 * what people agreed to for it, ends.
 *
 * @returns the client as it was; undefined when there was none, or for a URL that can be no client
 * @throws StoreUnavailableError
 */
export async function deleteClient(
  context: AuthContext,
  id: string,
): Promise<ClientView | AccessEndedView | undefined> {
  if (isClientUrl(id)) return clientUrlProblem(id) === undefined ? endAccess(context, id) : undefined;
  const client = await showRegistered(context, id);
  if (client === undefined || !(await context.store.deleteClient(id))) return undefined;
  context.audit('client_deleted', { client: id, clientName: client.metadata.client_name });
  return client;
}

async function endAccess(context: AuthContext, id: string): Promise<AccessEndedView> {
  // Whole milliseconds: what is issued in the next one is from after it.
  const atMs = context.now() + 1;
  await context.store.revokeClient(id, atMs);
  context.audit('client_deleted', { client: id, reason: 'what it had; being a URL, it may ask again' });
  return { client_id: id, access_ended_at: new Date(atMs).toISOString() };
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
