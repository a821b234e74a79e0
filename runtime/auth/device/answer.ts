/** How an authorization request of a device ends: on a page, where another one ends in a redirect with a code. */
import type { FastifyReply } from 'fastify';
import type { ClientRecord, TransactionRecord, User } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { keepRegistration } from '../clients/registration-end.ts';
import { sendPage } from '../send-page.ts';
import { clientNameOf } from '../sign-in/consent-page.ts';
import { answerDevice } from './device-codes.ts';

type Agreed = Pick<TransactionRecord, 'scopes' | 'resources'>;

/** The device gets its tokens at its next poll. */
export async function approveDevice(
  context: AuthContext,
  reply: FastifyReply,
  client: ClientRecord,
  user: User,
  deviceId: string,
  { scopes, resources }: Agreed,
): Promise<FastifyReply> {
  await keepRegistration(context.store, client);
  await answerDevice(context, deviceId, { user, scopes, resources });
  const clientName = clientNameOf(client);
  context.audit('device_approved', { client: client.id, user: user.id, userName: user.name, resources });
  return sendPage(reply, 200, context.pages.deviceDone({ approved: true, clientName, userName: user.name }));
}

/** The device hears `access_denied` at its next poll. */
export async function denyDevice(
  context: AuthContext,
  reply: FastifyReply,
  client: ClientRecord,
  deviceId: string,
): Promise<FastifyReply> {
  await answerDevice(context, deviceId, undefined);
  context.audit('device_denied', { client: client.id, clientName: client.metadata.client_name });
  return sendPage(
    reply,
    200,
    context.pages.deviceDone({ approved: false, clientName: clientNameOf(client) }),
  );
}
