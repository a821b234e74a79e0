/** The admin API's answers about clients, checked. */
import { z } from 'zod';
import type {
  AccessEndedView,
  AdminAnswer,
  ClientView,
  DocumentClientView,
} from '../../runtime/embedded/admin.ts';
import { UserError } from '../errors.ts';
import { oneLine } from '../net/one-line.ts';

const metadataSchema = z.looseObject({
  redirect_uris: z.array(z.string()),
  token_endpoint_auth_method: z.string(),
  grant_types: z.array(z.string()),
  scope: z.string(),
  client_name: z.string().optional(),
});

const clientSchema = z.looseObject({
  client_id: z.string(),
  registered_at: z.string(),
  expires_at: z.string().nullable(),
  has_secret: z.boolean(),
  metadata: metadataSchema,
});

const documentClientSchema = z.looseObject({
  client_id: z.string(),
  fetched_at: z.string(),
  fresh_until: z.string(),
  access_ended_at: z.string().nullable(),
  metadata: metadataSchema,
});

const accessEndedSchema = z.looseObject({ client_id: z.string(), access_ended_at: z.string() });

const listSchema = z.looseObject({ clients: z.array(clientSchema) });

/** @throws UserError */
export function clientsIn(answer: AdminAnswer): ClientView[] {
  const found = listSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  return found.data.clients as unknown as ClientView[];
}

/**
 * @param id that was asked for
 * @throws UserError, also when there is no such client
 */
export function clientIn(answer: AdminAnswer, id: string): ClientView {
  if (answer.status === 404) {
    throw new UserError(`there is no client ${oneLine(id)}. mcpgw client list shows those that there are.`);
  }
  const found = clientSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  return found.data as unknown as ClientView;
}

/** @returns whether a client's id is the URL of its metadata document, so that it has no registration */
export function isUrl(id: string): boolean {
  return id.startsWith('https://');
}

/**
 * @param url that was asked for
 * @throws UserError, also when nothing is known of it
 */
export function documentClientIn(answer: AdminAnswer, url: string): DocumentClientView {
  if (answer.status === 404) {
    throw new UserError(
      `no document of ${oneLine(url)} is kept: nobody signed in with it in the last days. What it was given ends with mcpgw client delete all the same.`,
    );
  }
  const found = documentClientSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  return found.data as unknown as DocumentClientView;
}

/**
 * @param url that was asked for
 * @throws UserError, also when it can be no client
 */
export function accessEndedIn(answer: AdminAnswer, url: string): AccessEndedView {
  if (answer.status === 404)
    throw new UserError(`${oneLine(url)} can be no client: it is not the URL of a metadata document`);
  const found = accessEndedSchema.safeParse(answer.body);
  if (answer.status !== 200 || !found.success) throw unexpected(answer);
  return found.data;
}

/** What to say of an answer that is none of those that are expected. */
export function unexpected({ status }: AdminAnswer): UserError {
  if (status === 503)
    return new UserError('the store does not answer. See mcpgw ps and mcpgw logs redis auth.');
  if (status === 401) {
    return new UserError(
      'auth refused its own admin token: its secret was changed while it ran. Run mcpgw up.',
    );
  }
  return new UserError(`auth gave an answer that this mcpgw does not understand (${status}). Run mcpgw up.`);
}
