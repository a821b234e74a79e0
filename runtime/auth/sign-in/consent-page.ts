/** The consent page: who asks, where the answer goes, for what, and as whom the person is signed in. */
import type { FastifyReply } from 'fastify';
import type { ClientRecord, SessionRecord, TransactionRecord } from '../../store/store.ts';
import type { AuthContext } from '../auth-context.ts';
import { isLoopbackRedirect, redirectTarget } from '../clients/redirect-uri.ts';
import type { IdentityProvider } from '../idp/provider.ts';
import type { ConsentPage } from '../pages/render.ts';
import { clientHost } from '../clients/resolve-client.ts';
import { covers } from '../scopes.ts';
import { sendPage } from '../send-page.ts';
import { accountOf } from './account.ts';

/** What a client without a name is called. */
const NAMELESS = 'An application without a name';

export interface Asked {
  client: ClientRecord;
  transaction: TransactionRecord;
  handle: string;
  /** The session that the transaction names. */
  session?: SessionRecord | undefined;
}

export function clientNameOf(client: ClientRecord): string {
  return client.metadata.client_name ?? NAMELESS;
}

export function sendConsentPage(
  context: AuthContext,
  reply: FastifyReply,
  asked: Asked,
  problem?: string,
): FastifyReply {
  const { client, transaction, handle } = asked;
  const { browserHash } = transaction;
  const page = context.pages.consent({
    handle,
    csrf: context.browsers.csrfToken(handle, browserHash),
    clientName: clientNameOf(client),
    clientHost: clientHost(client.id),
    ...answerTo(transaction),
    choose: transaction.resources.length === 0,
    services: offeredServices(context, transaction),
    staysSignedIn: client.metadata.grant_types.includes('refresh_token'),
    ...waysOn(context, asked.session),
    problem,
  });
  return sendPage(reply, problem === undefined ? 200 : 400, page);
}

/** Where the answer goes: to a redirect URI, or to the device that asks for it. */
function answerTo({
  redirectUri,
  deviceId,
}: TransactionRecord): Pick<ConsentPage, 'redirectTarget' | 'loopback' | 'device'> {
  if (deviceId !== undefined) return { loopback: false, device: true };
  return { redirectTarget: redirectTarget(redirectUri), loopback: isLoopbackRedirect(redirectUri) };
}

/** With a session, on as its user; else a button for each provider. */
function waysOn(
  context: AuthContext,
  session: SessionRecord | undefined,
): Pick<ConsentPage, 'account' | 'decisions' | 'signInNext'> {
  if (session === undefined) {
    const { providers } = context;
    const several = providers.list.length > 1;
    return {
      decisions: providers.list.map(({ id, title }) => ({
        value: `allow:${id}`,
        label: several ? `Allow, with ${title}` : 'Allow',
      })),
      signInNext: signInNext(providers.list),
    };
  }
  return { account: accountOf(context, session), decisions: [{ value: 'allow', label: 'Allow' }] };
}

function signInNext([only, ...others]: readonly IdentityProvider[]): string | undefined {
  return only?.kind === 'remote' && others.length === 0 ? `You sign in with ${only.title} next.` : undefined;
}

/** The services to show: those that the request names and its scopes cover, or all of them to choose from. */
function offeredServices(
  { settings, resources }: AuthContext,
  transaction: TransactionRecord,
): { name: string; title: string; description: string; chosen: boolean }[] {
  const named = new Set(transaction.resources.map((url) => resources.service(url)));
  const services = settings.services.filter(
    ({ name }) => named.size === 0 || (named.has(name) && covers(transaction.scopes, name)),
  );
  return services.map((service) => ({ ...service, chosen: settings.services.length === 1 }));
}
