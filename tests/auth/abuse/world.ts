/** Clients, people and what is under way between them, and the requests that work there. */
import { randomBytes, scryptSync } from 'node:crypto';
import { registerClient as operatorRegisters } from '../../../runtime/auth/clients/register.ts';
import { resourceSecret } from '../../../runtime/config/resource-secret.ts';
import { deriveKey } from '../../../runtime/config/secrets.ts';
import {
  authorize,
  authorizeParameters,
  basicAuth,
  clientMetadata,
  codeForm,
  formOf,
  makePkce,
  openConsent,
  postForm,
  refreshForm,
  registerClient,
  signIn,
  type Person,
  type RegisteredClient,
  type Visit,
} from '../../helpers/oauth-flow.ts';
import { ROOT_SECRET, type TestAuth } from '../../helpers/oauth-server.ts';
import type { Genuine } from './spoil.ts';

export const PASSPHRASE = 'correct horse battery staple';

/** The cheapest that is taken. */
export function cheapPassphraseHash(): string {
  const salt = randomBytes(16);
  const hash = scryptSync(PASSPHRASE, salt, 32, { N: 2 ** 14, r: 8, p: 1 });
  return ['scrypt', 2 ** 14, 8, 1, salt.toString('base64url'), hash.toString('base64url')].join(':');
}

export const URL_CLIENT = 'https://client.example/metadata';

export const URL_CLIENT_DOCUMENT = {
  client_id: URL_CLIENT,
  ...{ client_name: 'By its URL', redirect_uris: ['https://client.example/callback'] },
  ...{ token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] },
};

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export interface World {
  requests: Genuine[];
  /** What must be in no log and in no answer that refuses something. */
  secrets: string[];
  /** What works somewhere, for wild guesses. */
  values: string[];
}

type Form = Record<string, string | undefined>;

/** Without what is undefined. */
function only(form: Form): Record<string, string> {
  return Object.fromEntries(
    Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

function cookieOf(person: Person): Record<string, string> {
  return { cookie: [...person.cookies].map((pair) => pair.join('=')).join('; ') };
}

/** The form of a page, with a button pressed. */
function formRequest(person: Person, page: Visit, button: Record<string, string>): Genuine {
  const { action, values } = formOf(page.html);
  return {
    ...{ method: 'POST', path: action, headers: cookieOf(person) },
    form: { ...Object.fromEntries(values), ...button },
  };
}

export async function openWorld(test: TestAuth): Promise<World> {
  const { origin } = test;
  const requests: Genuine[] = [];
  const secrets: (string | undefined)[] = [];
  const values: string[] = [test.resource('echo'), URL_CLIENT];

  const flow = await signIn(test);
  const secretClient = await registerClient(origin, { token_endpoint_auth_method: 'client_secret_post' });
  const confidential = await signIn(test, { client: secretClient });
  const waiting = await authorize(test);
  for (const { tokens, answer, pkce, person, client } of [flow, confidential]) {
    secrets.push(tokens.access_token, tokens.refresh_token, answer.get('code') ?? '', pkce.verifier);
    secrets.push(client.client_secret, String(client.registration_access_token), ...person.cookies.values());
    values.push(client.client_id, client.redirect_uris[0] ?? '');
  }
  secrets.push(waiting.answer.get('code') ?? '', waiting.pkce.verifier);

  const credentials = basicAuth(secretClient.client_id, secretClient.client_secret ?? '');
  const token = (form: Form, headers = {}): Genuine => ({
    ...{ method: 'POST', path: '/token', form: only(form), headers },
  });
  const ask = (path: string, form: Form, headers = {}): Genuine => ({
    ...{ method: 'POST', path, form: only(form), headers },
  });
  requests.push(
    token(codeForm(waiting)),
    token(
      refreshForm(flow.client, flow.tokens.refresh_token, {
        scope: 'mcp:echo',
        resource: test.resource('echo'),
      }),
    ),
    token(refreshForm(secretClient, confidential.tokens.refresh_token)),
    ask(
      '/introspect',
      { token: confidential.tokens.access_token, token_type_hint: 'access_token' },
      credentials,
    ),
    ask('/introspect', { token: flow.tokens.access_token }, resourceServer('echo')),
    { method: 'GET', path: '/verify/echo', headers: { authorization: `Bearer ${flow.tokens.access_token}` } },
    { method: 'GET', path: '/success', query: { code: waiting.answer.get('code') ?? '', state: 'a' } },
    { method: 'GET', path: '/register/' + flow.client.client_id, headers: registrationToken(flow.client) },
  );

  requests.push(...(await operators(test, secrets)));
  requests.push(...(await pages(test, flow.person, flow.client)));
  requests.push(...(await devices(test, secrets)));
  requests.push(...(await registrations(test, secrets)));
  const ended = await signIn(test);
  requests.push(
    ask('/revoke', { token: ended.tokens.refresh_token, client_id: ended.client.client_id }),
    ...['oauth-authorization-server', 'jwks.json'].map((name) => ({
      method: 'GET',
      path: `/.well-known/${name}`,
    })),
    { method: 'GET', path: '/.well-known/oauth-protected-resource/echo' },
    { method: 'GET', path: '/assets/style.css' },
  );
  const hidden = requests.flatMap(({ form = {} }) => [form.transaction, form.csrf]);
  return {
    requests,
    secrets: [
      ...new Set(secrets.filter((secret): secret is string => secret !== undefined && secret.length > 20)),
    ],
    values: [...values, ...secrets, ...hidden].filter(
      (value): value is string => value !== undefined && value !== '',
    ),
  };
}

/** Scripts. */
async function operators(test: TestAuth, secrets: (string | undefined)[]): Promise<Genuine[]> {
  const metadata = {
    ...{ client_name: 'Script', redirect_uris: [], response_types: [], scope: 'mcp:echo' },
    ...{ grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_basic' },
  };
  const client = (await operatorRegisters(test.auth.context, metadata, true)) as RegisteredClient;
  secrets.push(client.client_secret);
  return [
    {
      ...{ method: 'POST', path: '/token', headers: basicAuth(client.client_id, client.client_secret ?? '') },
      form: { grant_type: 'client_credentials', scope: 'mcp:echo' },
    },
  ];
}

/** Every page, in a browser that agreed to it. */
async function pages(test: TestAuth, signedIn: Person, client: RegisteredClient): Promise<Genuine[]> {
  const choose = async (decision: string) => {
    const { page, person } = await openConsent(test);
    return { person, page: await person.press(page, { decision }) };
  };
  const fresh = await openConsent(test);
  const denied = await openConsent(test);
  const again = await openConsent(test, { person: signedIn, client });
  const [local, passphrase, github] = [
    await choose('allow:local'),
    await choose('allow:passphrase'),
    await choose('allow:github'),
  ];
  const signOut = await signedIn.visit(`${test.origin}/signout`);
  const state = new URL(github.page.url).searchParams.get('state') ?? '';
  const byUrl = {
    ...authorizeParameters(test, { ...client, client_id: URL_CLIENT }, makePkce()),
    redirect_uri: URL_CLIENT_DOCUMENT.redirect_uris[0],
  };
  const asked = authorizeParameters(test, client, makePkce());
  return [
    { method: 'GET', path: '/authorize', query: only({ ...asked, scope: 'mcp:echo offline_access' }) },
    {
      method: 'GET',
      path: '/authorize',
      query: only({ ...asked, prompt: 'login' }),
      headers: cookieOf(signedIn),
    },
    { method: 'GET', path: '/authorize', query: only(byUrl) },
    formRequest(fresh.person, fresh.page, { decision: 'allow:local' }),
    formRequest(denied.person, denied.page, { decision: 'deny' }),
    formRequest(signedIn, again.page, { decision: 'allow' }),
    formRequest(local.person, local.page, {}),
    formRequest(passphrase.person, passphrase.page, { passphrase: PASSPHRASE }),
    {
      ...{ method: 'GET', path: '/callback', query: { state, code: 'a-code-of-github' } },
      headers: cookieOf(github.person),
    },
    { method: 'GET', path: '/signout', headers: cookieOf(signedIn) },
    formRequest(signedIn, signOut, {}),
  ];
}

async function devices(test: TestAuth, secrets: (string | undefined)[]): Promise<Genuine[]> {
  const client = await registerClient(test.origin, {
    ...{ client_name: 'Terminal', redirect_uris: [], response_types: [], grant_types: [DEVICE_GRANT] },
  });
  const begin = { client_id: client.client_id, scope: 'mcp:echo' };
  const start = async () => {
    const { text } = await postForm(`${test.origin}/device-authorization`, begin);
    return JSON.parse(text) as { device_code: string; user_code: string };
  };
  const approved = await start();
  const open = await start();
  secrets.push(approved.device_code, open.device_code);
  const { person } = await openConsent(test);
  const enter = await person.visit(`${test.origin}/device`);
  const consent = await person.press(enter, { user_code: approved.user_code });
  await person.press(await person.press(consent, { decision: 'allow:local' }), {});
  return [
    { method: 'POST', path: '/device-authorization', form: begin },
    { method: 'GET', path: '/device', query: { user_code: open.user_code }, headers: cookieOf(person) },
    formRequest(person, enter, { user_code: open.user_code }),
    {
      ...{ method: 'POST', path: '/token' },
      form: { grant_type: DEVICE_GRANT, device_code: approved.device_code, client_id: client.client_id },
    },
  ];
}

async function registrations(test: TestAuth, secrets: (string | undefined)[]): Promise<Genuine[]> {
  const [replaced, deleted] = [await registerClient(test.origin), await registerClient(test.origin)];
  secrets.push(String(replaced.registration_access_token), String(deleted.registration_access_token));
  const more = {
    ...{
      scope: 'mcp:echo offline_access',
      client_uri: 'https://client.example',
      contacts: ['a@client.example'],
    },
    ...{ software_id: 'x', software_version: '1', application_type: 'native' },
  };
  return [
    { method: 'POST', path: '/register', json: clientMetadata() },
    { method: 'POST', path: '/register', json: clientMetadata(more) },
    {
      ...{ method: 'PUT', path: `/register/${replaced.client_id}`, headers: registrationToken(replaced) },
      json: { ...clientMetadata(), client_id: replaced.client_id },
    },
    { method: 'DELETE', path: `/register/${deleted.client_id}`, headers: registrationToken(deleted) },
  ];
}

function registrationToken({ registration_access_token: token }: RegisteredClient): Record<string, string> {
  return { authorization: `Bearer ${String(token)}` };
}

function resourceServer(service: string): Record<string, string> {
  return basicAuth(service, resourceSecret(deriveKey(ROOT_SECRET, `context:${service}`)));
}
