/**
 * `mcpgw client register`: as the operator, through the admin API of the folder's gateway; or with `--url` at the public
 * endpoint of one elsewhere (RFC 7591), as any client does it.
 */
import { z } from 'zod';
import type { RegisterFlags } from '../commands/client/register.ts';
import { EXIT, UserError } from '../errors.ts';
import { explainConnection } from '../net/explain.ts';
import { findGateway } from '../net/gateway.ts';
import { createHttpClient, type HttpAnswer, type HttpClient } from '../net/http-client.ts';
import { oneLine } from '../net/one-line.ts';
import { parseResolve } from '../net/resolve-rule.ts';
import { createOutput, type Output } from '../output.ts';
import { details, lineWidth } from './text.ts';

/** RFC 7591 §2. */
export interface RegistrationRequest {
  client_name: string;
  redirect_uris: string[];
  grant_types: string[];
  response_types: string[];
  token_endpoint_auth_method?: string;
  scope?: string;
}

const registeredSchema = z.looseObject({
  client_id: z.string(),
  client_secret: z.string().optional(),
  client_secret_expires_at: z.number().optional(),
  client_name: z.string().optional(),
  redirect_uris: z.array(z.string()),
  grant_types: z.array(z.string()),
  token_endpoint_auth_method: z.string(),
  scope: z.string(),
});

export type Registered = z.output<typeof registeredSchema>;

const metadataSchema = z.looseObject({ issuer: z.string(), registration_endpoint: z.string() });

const refusalSchema = z.looseObject({ error: z.string(), error_description: z.string().optional() });

/** Only the operator gives it out. */
const CLIENT_CREDENTIALS = 'client_credentials';

export async function runRegister(flags: RegisterFlags, output: Output = createOutput(flags)): Promise<void> {
  const request = requestOf(flags);
  if (flags.url === undefined) return runAsOperator(flags, request, output);
  if (request.grant_types.includes(CLIENT_CREDENTIALS)) {
    throw new UserError(
      '--url: client_credentials is registered by the operator: run it in the folder of the gateway',
      EXIT.usage,
    );
  }
  const issuer = originOf(flags.url);
  const client = createHttpClient({ resolve: parseResolve(flags.resolve) });
  try {
    const registered = await register(client, issuer, request);
    report(registered, output);
    output.note('Sign in with it within 24 hours: a registration that nobody has used ends then.');
  } finally {
    client.close();
  }
}

async function runAsOperator(
  flags: RegisterFlags,
  request: RegistrationRequest,
  output: Output,
): Promise<void> {
  if (flags.resolve.length > 0)
    throw new UserError('--resolve goes with --url: the gateway of a folder is asked directly', EXIT.usage);
  const gateway = await findGateway(flags.dir, process.env);
  const { status, body } = await gateway.admin(['register', JSON.stringify(request)]);
  report(registeredIn(status, body), output);
}

function report(registered: Registered, output: Output): void {
  output.result(registeredText(registered, lineWidth()), registered);
  if (registered.client_secret !== undefined) {
    output.note('\nThis is the only time that the secret is shown: only its hash is kept.');
  }
}

export function requestOf(flags: RegisterFlags): RegistrationRequest {
  const grantTypes = flags.grantTypes.split(/[\s,]+/).filter((type) => type !== '');
  if (grantTypes.includes('authorization_code') && flags.redirectUri.length === 0)
    throw new UserError('--redirect-uri is missing: where the browser goes back to', EXIT.usage);
  return {
    client_name: flags.name,
    redirect_uris: flags.redirectUri,
    grant_types: grantTypes,
    response_types: grantTypes.includes('authorization_code') ? ['code'] : [],
    ...(flags.authMethod !== undefined && { token_endpoint_auth_method: flags.authMethod }),
    ...(flags.scope !== undefined && { scope: flags.scope }),
  };
}

/**
 * @returns what the server answered, credentials and all
 * @throws UserError when it cannot be reached or refuses
 */
export async function register(
  client: HttpClient,
  issuer: string,
  request: RegistrationRequest,
): Promise<Registered> {
  const metadata = await ask(client, `${issuer}/.well-known/oauth-authorization-server`);
  const found = metadataSchema.safeParse(parsed(await metadata.text()));
  if (metadata.status !== 200 || !found.success || found.data.issuer !== issuer) {
    throw new UserError(
      `there is no authorization server at ${issuer} (${metadata.status}). mcpgw health says more.`,
    );
  }
  const answer = await ask(client, found.data.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(request),
  });
  return registeredIn(answer.status, parsed(await answer.text()));
}

/** @throws UserError for a refusal */
function registeredIn(status: number, body: unknown): Registered {
  const registered = registeredSchema.safeParse(body);
  if (status === 201 && registered.success) return registered.data;
  const refusal = refusalSchema.safeParse(body);
  const reason = refusal.success
    ? oneLine(`${refusal.data.error}: ${refusal.data.error_description ?? ''}`)
    : `HTTP ${status}`;
  throw new UserError(`the registration was refused: ${reason}`);
}

async function ask(
  client: HttpClient,
  url: string,
  request: Parameters<HttpClient['request']>[1] = {},
): Promise<HttpAnswer> {
  try {
    return await client.request(url, request);
  } catch (error) {
    const { problem, remedy } = explainConnection(error, 'mcpgw up');
    throw new UserError(`${new URL(url).origin} cannot be reached: ${problem}; ${remedy}`);
  }
}

/** @param width of a line, in characters */
export function registeredText(registered: Registered, width: number): string {
  const { client_id, client_secret, client_secret_expires_at: ends } = registered;
  return details(
    [
      ['client_id', client_id],
      ...(client_secret === undefined ? [] : ([['client_secret', client_secret]] as [string, string][])),
      ...(ends === undefined || ends === 0
        ? []
        : ([['secret ends', new Date(ends * 1000).toISOString().slice(0, 10)]] as [string, string][])),
      ['name', registered.client_name ?? ''],
      ['authenticates', registered.token_endpoint_auth_method],
      ['grant types', registered.grant_types.join(' ')],
      ...registered.redirect_uris.map((uri): [string, string] => ['redirect URI', uri]),
      ['scope', registered.scope],
    ],
    width,
  );
}

/** The issuer, as the metadata must name it: without a trailing slash. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.pathname !== '/') {
    throw new UserError(`--url ${text}: must be the issuer, like https://auth.example.com`, EXIT.usage);
  }
  return url.origin;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
