/** One answer to "which client is this?", whether it registered or names itself by the URL of its metadata document. */
import type { ClientRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { InvalidClientError, TemporarilyUnavailableError } from '../errors.ts';
import { readClientDocument } from './client-document.ts';
import { clientUrlProblem, isClientUrl } from './client-url.ts';
import { DocumentError } from './documents.ts';

/**
 * @returns undefined for a client that is not registered, or that registration has ended of; for a URL where metadata
 *   documents are off, or not taken from its host
 * @throws InvalidClientError for a URL without a usable document, TemporarilyUnavailableError where its site does not
 *   answer, StoreUnavailableError
 */
export async function resolveClient(
  context: AuthContext,
  clientId: string,
): Promise<ClientRecord | undefined> {
  const { settings, store, documents } = context;
  if (!isClientUrl(clientId)) return store.getClient(clientId);
  const problem = clientUrlProblem(clientId);
  if (problem !== undefined) throw new InvalidClientError(`client_id ${problem}.`);
  if (!takesDocumentsOf(new URL(clientId).hostname, settings.clientDocumentDomains)) return undefined;
  try {
    const { body } = await documents.get(clientId);
    return readClientDocument(clientId, body, settings);
  } catch (error) {
    throw error instanceof DocumentError ? explain(error) : error;
  }
}

/** @param domains `CLIENT_DOCUMENT_DOMAINS`; `*` stands for every host */
export function takesDocumentsOf(hostname: string, domains: readonly string[] = []): boolean {
  return domains.includes('*') || domains.includes(hostname);
}

/** @returns the host of a client id that is a URL: what a person can rely on, unlike the name that the client gives itself */
export function clientHost(clientId: string): string | undefined {
  return isClientUrl(clientId) ? new URL(clientId).host : undefined;
}

/** The draft, §4: "If fetching the metadata document fails, the authorization server SHOULD abort the authorization request." */
function explain({ message, temporary }: DocumentError): Error {
  if (!temporary)
    return new InvalidClientError(`The metadata document of the application cannot be used: ${message}.`);
  return new TemporarilyUnavailableError(
    message,
    'The metadata document of the application cannot be fetched. Try again in a minute.',
    60,
  );
}
