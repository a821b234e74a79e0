/** `mcpgw client show`. */
import type { ClientView, DocumentClientView } from '../../runtime/embedded/admin.ts';
import type { ClientFlags } from '../commands/client/index.ts';
import { findGateway } from '../net/gateway.ts';
import { createOutput, type Output } from '../output.ts';
import { clientIn, documentClientIn, isUrl } from './admin-answer.ts';
import { details, lineWidth } from './text.ts';

type ClientMetadata = ClientView['metadata'];

export async function runClientShow(
  id: string,
  flags: ClientFlags,
  output: Output = createOutput(flags),
): Promise<void> {
  const gateway = await findGateway(flags.dir, process.env);
  const answer = await gateway.admin(['show', id]);
  if (isUrl(id)) {
    const client = documentClientIn(answer, id);
    return output.result(documentClientText(client, lineWidth()), client);
  }
  const client = clientIn(answer, id);
  output.result(clientText(client, lineWidth()), client);
}

/** @param width of a line, in characters */
export function clientText(
  { client_id, registered_at, expires_at, has_secret, metadata }: ClientView,
  width: number,
): string {
  return details(
    [
      ['client_id', client_id],
      ['name', metadata.client_name ?? '-'],
      ['registered', minute(registered_at)],
      ['ends', expires_at === null ? 'never' : minute(expires_at)],
      [
        'authenticates',
        `${metadata.token_endpoint_auth_method}${has_secret ? ' (its secret is stored as a hash)' : ''}`,
      ],
      ...metadataRows(metadata),
    ],
    width,
  );
}

/** @param width of a line, in characters */
export function documentClientText(
  { client_id, fetched_at, fresh_until, access_ended_at, metadata }: DocumentClientView,
  width: number,
): string {
  return details(
    [
      ['client_id', client_id],
      ['name', metadata.client_name ?? '-'],
      ['document', `fetched ${minute(fetched_at)}, kept until ${minute(fresh_until)}`],
      ...(access_ended_at === null
        ? []
        : ([['access ended', minute(access_ended_at)]] as [string, string][])),
      ['authenticates', metadata.token_endpoint_auth_method],
      ...metadataRows(metadata),
    ],
    width,
  );
}

function metadataRows(metadata: ClientMetadata): [string, string][] {
  const more = Object.entries(metadata).filter(([name]) => !SAID.has(name));
  return [
    ['grant types', metadata.grant_types.join(' ')],
    ...metadata.redirect_uris.map((uri): [string, string] => ['redirect URI', uri]),
    ['scope', metadata.scope],
    ...more.map(([name, value]): [string, string] => [
      name,
      Array.isArray(value) ? value.join(' ') : String(value),
    ]),
  ];
}

/** Members that have a line in other words, or say nothing. */
const SAID = new Set([
  ...['client_name', 'redirect_uris', 'token_endpoint_auth_method', 'grant_types', 'scope', 'response_types'],
]);

/** ISO 8601 to the minute, in UTC. */
function minute(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
