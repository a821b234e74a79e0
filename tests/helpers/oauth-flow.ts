import { createHash, randomBytes } from 'node:crypto';
import type { TestAuth } from './oauth-server.ts';

/** A page as a person sees it, or the last redirect out of our reach. */
export interface Visit {
  url: string;
  status: number;
  html: string;
  headers: Headers;
}

/**
 * A person's browser without the browser: keeps cookies, follows redirects and refreshes, and presses buttons. It stops
 * at addresses that nobody listens on here, which is where clients wait.
 */
export class Person {
  readonly #cookies = new Map<string, string>();
  readonly #reachable: (url: string) => boolean;

  /** @param reachable which addresses to follow to */
  constructor(reachable: (url: string) => boolean) {
    this.#reachable = reachable;
  }

  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  async visit(url: string, form?: URLSearchParams): Promise<Visit> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form !== undefined && { method: 'POST', body: form }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    const html = await response.text();
    const onward = response.headers.get('location') ?? refreshOf(html);
    if (onward === undefined) return { url, status: response.status, html, headers: response.headers };
    const next = new URL(onward, url).href;
    if (this.#reachable(next)) return this.visit(next);
    // What is given to a client is looked at as it was sent, not as the parser writes it.
    return { url: onward, status: response.status, html, headers: response.headers };
  }

  /** Presses a button of the page's form. */
  async press(page: Visit, button: Record<string, string>, extra: [string, string][] = []): Promise<Visit> {
    const form = formOf(page.html);
    for (const [name, value] of [...Object.entries(button), ...extra]) form.values.append(name, value);
    return this.visit(new URL(form.action, page.url).href, form.values);
  }
}

export interface Pkce {
  verifier: string;
  challenge: string;
}

export function makePkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export interface RegisteredClient {
  client_id: string;
  client_secret?: string;
  redirect_uris: string[];
  [member: string]: unknown;
}

export const REDIRECT_URI = 'http://127.0.0.1:33418/callback';

export function clientMetadata(extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    client_name: 'Test client',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...extra,
  };
}

export async function registerClient(
  origin: string,
  extra: Record<string, unknown> = {},
): Promise<RegisteredClient> {
  const response = await postJson(`${origin}/register`, clientMetadata(extra));
  if (response.status !== 201) throw new Error(`register: ${response.status} ${await response.text()}`);
  return (await response.json()) as RegisteredClient;
}

export function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

export interface FlowOptions {
  client?: RegisteredClient;
  /** Over the request parameters; `undefined` leaves one out. */
  authorize?: Record<string, string | undefined>;
  /** Services that the person chooses, where there is a choice. */
  choose?: string[];
  person?: Person;
  pkce?: Pkce;
}

export interface Flow {
  client: RegisteredClient;
  person: Person;
  pkce: Pkce;
  redirectUri: string;
  /** What the client got: the redirect's parameters. */
  answer: URLSearchParams;
  /** Where that came in. */
  end: Visit;
}

/** @param redirectUris where clients would wait; every other address of loopback is followed to */
export function newPerson(redirectUris: readonly string[] = [REDIRECT_URI]): Person {
  const waits = (url: string): boolean =>
    redirectUris.some((uri) => url.startsWith(uri.split('?')[0] ?? uri));
  return new Person((url) => /^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(url) && !waits(url));
}

export function authorizeUrl(origin: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return `${origin}/authorize?${query.toString()}`;
}

/** What a proper client asks for. */
export function authorizeParameters(
  test: TestAuth,
  client: RegisteredClient,
  pkce: Pkce,
): Record<string, string | undefined> {
  return {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0],
    code_challenge: pkce.challenge,
    code_challenge_method: 'S256',
    state: 'the state',
    resource: test.resource('echo'),
  };
}

/** Goes to `/authorize`. @returns the consent page */
export async function openConsent(
  test: TestAuth,
  options: FlowOptions = {},
): Promise<Omit<Flow, 'answer' | 'end'> & { page: Visit }> {
  const client = options.client ?? (await registerClient(test.origin));
  const pkce = options.pkce ?? makePkce();
  const asked = options.authorize?.redirect_uri;
  const person =
    options.person ?? newPerson([...client.redirect_uris, ...(asked === undefined ? [] : [asked])]);
  const parameters = { ...authorizeParameters(test, client, pkce), ...options.authorize };
  const page = await person.visit(authorizeUrl(test.origin, parameters));
  return {
    client,
    person,
    pkce,
    redirectUri: parameters.redirect_uri ?? client.redirect_uris[0] ?? '',
    page,
  };
}

/** The whole way to a code, or to whatever it ends in. */
export async function authorize(test: TestAuth, options: FlowOptions = {}): Promise<Flow> {
  const { page, ...begun } = await openConsent(test, options);
  let end = page;
  if (end.html.includes('action="/consent"')) {
    const provider = test.settings.identityProviders[0]?.kind ?? '';
    end = await begun.person.press(
      end,
      { decision: `allow:${provider}` },
      (options.choose ?? []).map((name) => ['service', name]),
    );
  }
  if (end.html.includes('action="/local"')) end = await begun.person.press(end, {});
  const mark = end.url.indexOf('?');
  return { ...begun, end, answer: new URLSearchParams(mark < 0 ? '' : end.url.slice(mark)) };
}

export interface Tokens {
  access_token: string;
  token_type: string;
  expires_in: number;
  scope: string;
  refresh_token?: string;
}

export interface TokenAnswer {
  status: number;
  headers: Headers;
  text: string;
  body: Tokens & { error?: string; error_description?: string };
}

export function postToken(
  test: Pick<TestAuth, 'origin'>,
  form: Record<string, string | undefined> | [string, string][],
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  return postForm(`${test.origin}/token`, form, headers);
}

/** Posts a form. An answer that is not JSON has an empty body. */
export async function postForm(
  url: string,
  form: Record<string, string | undefined> | [string, string][],
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const pairs = Array.isArray(form)
    ? form
    : Object.entries(form).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as [string, string]],
      );
  const response = await fetch(url, { method: 'POST', headers, body: new URLSearchParams(pairs) });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text || '{}') as TokenAnswer['body'],
  };
}

/** The header of HTTP Basic authentication as RFC 6749 §2.3.1 wants it. */
export function basicAuth(id: string, secret: string): Record<string, string> {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

export function codeForm(
  flow: Flow,
  extra: Record<string, string | undefined> = {},
): Record<string, string | undefined> {
  return {
    grant_type: 'authorization_code',
    code: flow.answer.get('code') ?? undefined,
    redirect_uri: flow.redirectUri,
    code_verifier: flow.pkce.verifier,
    client_id: flow.client.client_id,
    client_secret: flow.client.client_secret,
    ...extra,
  };
}

export function refreshForm(
  client: RegisteredClient,
  refreshToken: string | undefined,
  extra: Record<string, string | undefined> = {},
): Record<string, string | undefined> {
  return {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: client.client_id,
    client_secret: client.client_secret,
    ...extra,
  };
}

/** Register, consent, sign in, code, token. */
export async function signIn(test: TestAuth, options: FlowOptions = {}): Promise<Flow & { tokens: Tokens }> {
  const flow = await authorize(test, options);
  const answer = await postToken(test, codeForm(flow));
  if (answer.status !== 200)
    throw new Error(`sign-in ended at ${flow.end.url}: ${answer.text}\n${flow.end.html}`);
  return { ...flow, tokens: answer.body };
}

export function decodeJwt(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<
    string,
    unknown
  >;
}

/** The page's first form: its address and its hidden fields. */
export function formOf(html: string): { action: string; values: URLSearchParams } {
  const [, action, fields = ''] = /<form[^>]* action="([^"]*)"([^]*?)<\/form>/.exec(html) ?? [];
  if (action === undefined) throw new Error(`There is no form:\n${html}`);
  const values = new URLSearchParams();
  for (const [, name = '', value = ''] of fields.matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
  )) {
    values.append(name, unescapeHtml(value));
  }
  return { action, values };
}

function refreshOf(html: string): string | undefined {
  const url = /http-equiv="refresh" content="0;url=([^"]*)"/.exec(html)?.[1];
  return url === undefined ? undefined : unescapeHtml(url);
}

export function unescapeHtml(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
