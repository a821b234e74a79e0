/** What clients read before they sign in: RFC 8414, RFC 7517 and RFC 9728, and whether they agree. */
import { z } from 'zod';
import type { Gateway, GatewayService } from '../../net/gateway.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { CheckFailure, type Finding } from '../check.ts';

const serverSchema = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string(),
  jwks_uri: z.string(),
  code_challenge_methods_supported: z.array(z.string()),
  protected_resources: z.array(z.string()).optional(),
});

export type ServerMetadata = z.output<typeof serverSchema>;

const resourceSchema = z.looseObject({ resource: z.string(), authorization_servers: z.array(z.string()) });

const jwksSchema = z.looseObject({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string(), alg: z.string() })),
});

/** Members of a JWK that are private (RFC 7518 §6.3.2). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

const STALE = 'what runs is not what .env says';

/** @throws CheckFailure, and what the connection throws */
export async function readServerMetadata(client: HttpClient, issuer: string): Promise<ServerMetadata> {
  return readJson(client, `${issuer}/.well-known/oauth-authorization-server`, serverSchema);
}

/** RFC 8414 §3.3: the issuer must be the one that was asked for, or clients refuse. */
export function checkServerMetadata(metadata: ServerMetadata, { issuer, services, up }: Gateway): Finding {
  if (metadata.issuer !== issuer) {
    throw new CheckFailure(`the metadata names the issuer ${metadata.issuer}`, `${STALE}: run ${up}`);
  }
  const elsewhere = [
    metadata.authorization_endpoint,
    metadata.token_endpoint,
    metadata.registration_endpoint,
    metadata.jwks_uri,
  ].find((url) => !url.startsWith(`${issuer}/`));
  if (elsewhere !== undefined) {
    throw new CheckFailure(`the metadata names ${elsewhere}, which is elsewhere`, `${STALE}: run ${up}`);
  }
  if (!metadata.code_challenge_methods_supported.includes('S256')) {
    throw new CheckFailure('the metadata does not offer PKCE with S256', `${STALE}: run ${up}`);
  }
  // RFC 9728 §4.
  const named = metadata.protected_resources;
  const missing = services.filter(({ url }) => named !== undefined && !named.includes(url));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    throw new CheckFailure(`the metadata does not name ${names} among its resources`, `${STALE}: run ${up}`);
  }
  return { detail: 'issuer, endpoints and resources agree' };
}

export async function checkJwks(client: HttpClient, url: string): Promise<Finding> {
  const { keys } = await readJson(client, url, jwksSchema);
  const usable = keys.filter(({ alg, kty }) => alg === 'RS256' && kty === 'RSA');
  if (usable.length === 0) {
    throw new CheckFailure('there is no RS256 key', 'restart the authorization server: mcpgw restart auth');
  }
  if (keys.some((key) => PRIVATE_MEMBERS.some((member) => member in key))) {
    throw new CheckFailure('a key shows its private half', 'stop the gateway at once and replace its keys');
  }
  return { detail: keys.length === 1 ? '1 key' : `${keys.length} keys` };
}

/** Where a service's protected resource metadata is: the well-known part before the path (RFC 9728 §3.1). */
export function resourceMetadataUrl({ url }: GatewayService): string {
  const { origin, pathname } = new URL(url);
  return `${origin}/.well-known/oauth-protected-resource${pathname}`;
}

/** RFC 9728 §3.3: the resource must be the URL that the client uses; and its server must be ours. */
export async function checkResourceMetadata(
  client: HttpClient,
  service: GatewayService,
  { issuer, up }: Gateway,
): Promise<Finding> {
  const metadata = await readJson(client, resourceMetadataUrl(service), resourceSchema);
  if (metadata.resource !== service.url) {
    throw new CheckFailure(
      `the metadata names the resource ${metadata.resource} and not ${service.url}`,
      `${STALE}: run ${up}`,
    );
  }
  if (!metadata.authorization_servers.includes(issuer)) {
    throw new CheckFailure(
      `the metadata names ${metadata.authorization_servers.join(', ') || 'no authorization server'} and not ${issuer}`,
      `${STALE}: run ${up}`,
    );
  }
  return { detail: 'resource and issuer agree' };
}

async function readJson<T>(client: HttpClient, url: string, schema: z.ZodType<T>): Promise<T> {
  const answer = await client.request(url, { headers: { accept: 'application/json' } });
  const text = await answer.text();
  if (answer.status !== 200) {
    // Without the URL, so that what has one cause is told once.
    throw new CheckFailure(`answered with ${answer.status}`, remedyFor(answer.status));
  }
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new CheckFailure(
      'answered with something else than the document',
      'is something in front of the gateway that answers in its place?',
    );
  }
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What an unexpected status of auth's documents says. */
function remedyFor(status: number): string {
  if (status === 404) return 'the edge does not know this host or service: run mcpgw up';
  if (status === 503) return 'the store does not answer: see mcpgw logs auth redis';
  return 'see mcpgw logs traefik auth';
}
