/**
 * Each error code of the specifications, by the line that defines it: which request gets it, with which status and
 * headers. Codes that we have no use for: `invalid_scope` of RFC 6749 §4.1.2.1 (unknown scopes are dropped, as today's
 * clients need), the codes of RFC 7591 §3.2.2 about software statements (which are ignored) and `unsupported_token_type`
 * of RFC 7009 §2.2.1 (both types are supported).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorize,
  authorizeParameters,
  authorizeUrl,
  basicAuth,
  codeForm,
  makePkce,
  newPerson,
  openConsent,
  postForm,
  postJson,
  REDIRECT_URI,
  registerClient,
  signIn,
  type Flow,
  type RegisteredClient,
  type Tokens,
} from '../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

let test: TestAuth;
let open: RegisteredClient;
let closed: RegisteredClient;
let device: RegisteredClient;
let signedIn: Flow & { tokens: Tokens };
beforeAll(async () => {
  test = await startTestAuth();
  open = await registerClient(test.origin);
  closed = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
  device = await registerClient(test.origin, { grant_types: [DEVICE_CODE], response_types: [] });
  signedIn = await signIn(test, { client: open });
});
afterAll(() => test.close());

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

type Form = Record<string, string | undefined> | [string, string][];

const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
});
const post = (path: string, form: Form, headers: Record<string, string> = {}): Promise<Answer> =>
  postForm(test.origin + path, form, headers);
const ask = (form: Form, headers: Record<string, string> = {}) => post('/token', form, headers);
const refresh = (extra: Record<string, string> = {}) => ({
  grant_type: 'refresh_token',
  client_id: open.client_id,
  refresh_token: signedIn.tokens.refresh_token,
  ...extra,
});
const register = async (metadata: unknown) => answerOf(await postJson(`${test.origin}/register`, metadata));

/** With the store out of reach. */
async function down(request: () => Promise<Answer>): Promise<Answer> {
  test.store.down = true;
  try {
    return await request();
  } finally {
    test.store.down = false;
  }
}

interface Begun {
  device_code: string;
  user_code: string;
}

const beginDevice = async () =>
  JSON.parse(
    (await post('/device-authorization', { client_id: device.client_id, scope: 'mcp:echo' })).text,
  ) as Begun;
const poll = ({ device_code }: Pick<Begun, 'device_code'>) =>
  ask({ grant_type: DEVICE_CODE, client_id: device.client_id, device_code });

type Row = [at: string, error: string, when: string, status: number, request: () => Promise<Answer>];

const BASIC = /^Basic realm="mcpgw", charset="UTF-8"$/;

const answered: Row[] = [
  ['RFC 6749 §5.2', 'invalid_request', 'no grant_type', 400, () => ask({ client_id: open.client_id })],
  [
    'RFC 6749 §5.2',
    'invalid_request',
    'a parameter of the grant is missing',
    400,
    () => ask({ ...refresh(), refresh_token: undefined }),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_request',
    'a parameter is repeated',
    400,
    () =>
      ask([
        ['grant_type', 'refresh_token'],
        ['client_id', open.client_id],
        ['refresh_token', 'a'],
        ['refresh_token', 'a'],
      ]),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_request',
    'two ways to authenticate',
    400,
    () => ask(refresh({ client_id: closed.client_id, client_secret: 'x' }), basicAuth(closed.client_id, 'x')),
  ],
  ['RFC 6749 §5.2', 'invalid_client', 'no client', 401, () => ask({ grant_type: 'refresh_token' })],
  ['RFC 6749 §5.2', 'invalid_client', 'an unknown client', 401, () => ask(refresh({ client_id: 'unknown' }))],
  [
    'RFC 6749 §5.2',
    'invalid_client',
    'no client authentication',
    401,
    () => ask(refresh({ client_id: closed.client_id })),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_client',
    'a wrong secret in the header',
    401,
    () => ask({ grant_type: 'refresh_token', refresh_token: 'x' }, basicAuth(closed.client_id, 'wrong')),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_client',
    'an authentication method of another kind',
    401,
    () => ask(refresh(), { authorization: 'Negotiate abc' }),
  ],
  ['RFC 6749 §5.2', 'invalid_grant', 'no token of ours', 400, () => ask(refresh({ refresh_token: 'x' }))],
  [
    'RFC 6749 §5.2',
    'invalid_grant',
    'issued to another client',
    400,
    () =>
      ask(
        { grant_type: 'refresh_token', refresh_token: signedIn.tokens.refresh_token },
        basicAuth(closed.client_id, closed.client_secret ?? ''),
      ),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_grant',
    'another redirect_uri than in the authorization request',
    400,
    async () =>
      ask(
        codeForm(await authorize(test, { client: open }), { redirect_uri: 'http://127.0.0.1:33418/other' }),
      ),
  ],
  [
    'RFC 7636 §4.6',
    'invalid_grant',
    'another code_verifier',
    400,
    async () =>
      ask(codeForm(await authorize(test, { client: open }), { code_verifier: makePkce().verifier })),
  ],
  [
    'RFC 6749 §5.2',
    'unauthorized_client',
    'a grant type that the client did not register',
    400,
    () => ask(refresh({ client_id: device.client_id })),
  ],
  [
    'RFC 6749 §5.2',
    'unsupported_grant_type',
    'a grant type that there is not',
    400,
    () => ask(refresh({ grant_type: 'password' })),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_scope',
    'more than what was granted',
    400,
    () => ask(refresh({ scope: 'mcp:echo mcp:fetch' })),
  ],
  [
    'RFC 8707 §2',
    'invalid_target',
    'an unknown resource at /token',
    400,
    () => ask(refresh({ resource: 'https://other.example/mcp' })),
  ],
  [
    'RFC 8707 §2',
    'invalid_target',
    'a resource with a fragment at /token',
    400,
    () => ask(refresh({ resource: `${test.resource('echo')}#x` })),
  ],
  [
    'RFC 8707 §2',
    'invalid_target',
    'a resource that is none of the grant',
    400,
    () => ask(refresh({ resource: test.resource('fetch') })),
  ],
  [
    'RFC 8707 §2',
    'invalid_target',
    'an unknown resource of a device',
    400,
    () => post('/device-authorization', { client_id: device.client_id, resource: 'urn:x' }),
  ],
  [
    'RFC 8628 §3.1',
    'unauthorized_client',
    'a device whose client did not register the grant type',
    400,
    () => post('/device-authorization', { client_id: open.client_id }),
  ],
  [
    'RFC 8628 §3.5',
    'authorization_pending',
    'nobody has answered yet',
    400,
    async () => poll(await beginDevice()),
  ],
  [
    'RFC 8628 §3.5',
    'slow_down',
    'a poll that comes too early',
    400,
    async () => {
      const begun = await beginDevice();
      await poll(begun);
      return poll(begun);
    },
  ],
  [
    'RFC 8628 §3.5',
    'access_denied',
    'the person denied',
    400,
    async () => {
      const begun = await beginDevice();
      const person = newPerson();
      const form = await person.visit(`${test.origin}/device`);
      await person.press(await person.press(form, { user_code: begun.user_code }), { decision: 'deny' });
      return poll(begun);
    },
  ],
  [
    'RFC 8628 §3.5',
    'expired_token',
    'nobody answered in time',
    400,
    async () => {
      const begun = await beginDevice();
      test.clock.advance(600_000);
      return poll(begun);
    },
  ],
  ['RFC 6749 §5.2', 'invalid_grant', 'no device code of ours', 400, () => poll({ device_code: 'x' })],
  [
    'RFC 7591 §3.2.2',
    'invalid_redirect_uri',
    'a redirect URI that is not taken',
    400,
    () => register({ redirect_uris: ['javascript:alert(1)'] }),
  ],
  ['RFC 7591 §3.2.2', 'invalid_redirect_uri', 'no redirect URI', 400, () => register({ redirect_uris: [] })],
  [
    'RFC 7591 §3.2.2',
    'invalid_client_metadata',
    'a method that is not supported',
    400,
    () => register({ redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'client_secret_jwt' }),
  ],
  [
    'RFC 7591 §3.2.2',
    'invalid_client_metadata',
    'grant and response types that do not fit',
    400,
    () => register({ redirect_uris: [REDIRECT_URI], response_types: ['token'] }),
  ],
  ['RFC 7591 §3.2.2', 'invalid_client_metadata', 'no JSON object', 400, () => register([])],
  [
    'RFC 7009 §2.2.1',
    'invalid_request',
    'no token',
    400,
    () => post('/revoke', { client_id: open.client_id }),
  ],
  [
    'RFC 7009 §2.1',
    'invalid_grant',
    'a token of another client',
    400,
    () => post('/revoke', { client_id: device.client_id, token: signedIn.tokens.access_token }),
  ],
  [
    'RFC 7009 §2.2.1',
    'invalid_client',
    'a client that is unknown',
    401,
    () => post('/revoke', { token: 'x' }),
  ],
  [
    'RFC 7662 §2.3',
    'invalid_client',
    'a caller that does not authenticate',
    401,
    () => post('/introspect', { client_id: open.client_id, token: 'x' }),
  ],
  [
    'RFC 7009 §2.2.1',
    'temporarily_unavailable',
    'the store does not answer /revoke',
    503,
    () => down(() => post('/revoke', { client_id: open.client_id, token: signedIn.tokens.access_token })),
  ],
  [
    'RFC 6749 §4.1.2.1',
    'temporarily_unavailable',
    'the store does not answer /token',
    503,
    () => down(() => ask(refresh())),
  ],
];

describe('an error that is answered as JSON', () => {
  it.each(answered)('%s: %s for %s', async (_at, error, _when, status, request) => {
    const answer = await request();
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      status,
      { error, error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/) as string },
    ]);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('location')).toBeNull();
    const challenge = answer.headers.get('www-authenticate');
    if (status === 401) expect(challenge).toMatch(BASIC);
    else expect(challenge).toBeNull();
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
  });
});

/** @returns the parameters of an authorization request over those of a proper one */
type Asked = () => Record<string, string | undefined>;

const redirected: [at: string, error: string, when: string, asked: Asked][] = [
  ['RFC 6749 §4.1.2.1', 'invalid_request', 'no response_type', () => ({ response_type: undefined })],
  ['RFC 7636 §4.4.1', 'invalid_request', 'no code_challenge', () => ({ code_challenge: undefined })],
  ['RFC 7636 §4.4.1', 'invalid_request', 'plain', () => ({ code_challenge_method: 'plain' })],
  [
    'RFC 6749 §4.1.2.1',
    'unauthorized_client',
    'a client without the grant type',
    () => ({ client_id: device.client_id }),
  ],
  [
    'RFC 6749 §4.1.2.1',
    'unsupported_response_type',
    'another response type',
    () => ({ response_type: 'token' }),
  ],
  ['RFC 8707 §2', 'invalid_target', 'an unknown resource', () => ({ resource: 'https://other.example/' })],
  ['RFC 8707 §2', 'invalid_target', 'a resource that is no URI', () => ({ resource: 'echo' })],
  [
    'RFC 8707 §2',
    'invalid_target',
    'a resource with a fragment',
    () => ({ resource: `${test.resource('echo')}#x` }),
  ],
  ['OpenID Connect §3.1.2.6', 'login_required', 'prompt=none and no session', () => ({ prompt: 'none' })],
];

describe('an error that goes back to the client', () => {
  const expectRedirect = (location: string | null, error: string) => {
    const { searchParams, origin, pathname } = new URL(location ?? '');
    expect(origin + pathname).toBe(REDIRECT_URI);
    expect(Object.fromEntries(searchParams)).toEqual({
      error,
      error_description: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/) as string,
      state: 'the state',
      iss: test.origin,
    });
  };

  it.each(redirected)('%s: %s for %s', async (_at, error, _when, asked) => {
    const url = authorizeUrl(test.origin, { ...authorizeParameters(test, open, makePkce()), ...asked() });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(302);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expectRedirect(response.headers.get('location'), error);
  });

  it('RFC 6749 §4.1.2.1: access_denied for a person who denies', async () => {
    const { page, person } = await openConsent(test, { client: open });
    const end = await person.press(page, { decision: 'deny' });
    expectRedirect(end.url, 'access_denied');
  });
});

describe('an error that a person sees, because there is nobody to go back to', () => {
  const visit = async (asked: Record<string, string | undefined>) =>
    answerOf(
      await fetch(authorizeUrl(test.origin, { ...authorizeParameters(test, open, makePkce()), ...asked }), {
        redirect: 'manual',
      }),
    );
  it.each<[string, string, string, number, () => Promise<Answer>]>([
    ['RFC 6749 §4.1.2.1', 'invalid_request', 'no client', 400, () => visit({ client_id: undefined })],
    ['RFC 6749 §4.1.2.1', 'invalid_client', 'an unknown client', 400, () => visit({ client_id: 'x' })],
    [
      'RFC 6749 §4.1.2.1',
      'invalid_request',
      'a redirect URI that is not registered',
      400,
      () => visit({ redirect_uri: 'https://evil.example/' }),
    ],
    [
      'RFC 6749 §4.1.2.1',
      'temporarily_unavailable',
      'a store that does not answer',
      503,
      () => down(() => visit({})),
    ],
  ])('%s: %s for %s', async (_at, error, _when, status, request) => {
    const { status: got, headers, text } = await request();
    expect([got, headers.get('location')]).toEqual([status, null]);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(text).toContain(`<code>${error}</code>`);
    expect(headers.get('www-authenticate')).toBeNull();
    expect(headers.get('retry-after')).toBe(status === 503 ? '5' : null);
  });
});

describe('an error at a protected resource (RFC 6750 §3.1)', () => {
  const call = async (service: string, authorization?: string) =>
    answerOf(
      await fetch(test.resource(service), {
        method: 'POST',
        headers: authorization === undefined ? {} : { authorization },
      }),
    );
  const bearer = async (scope?: string) => {
    if (scope === undefined) return `Bearer ${signedIn.tokens.access_token}`;
    const flow = await authorize(test, {
      client: open,
      authorize: { resource: undefined, scope: 'mcp:echo mcp:fetch' },
    });
    const { text } = await ask(codeForm(flow, { scope }));
    return `Bearer ${(JSON.parse(text) as Tokens).access_token}`;
  };

  it.each<[string, string, string, number, () => Promise<Answer>]>([
    ['§3.1', 'no code', 'no token', 401, () => call('echo')],
    ['§3.1', 'invalid_token', 'what is no token', 401, () => call('echo', 'Bearer x')],
    ['§3.1', 'invalid_token', 'a token for another resource', 401, async () => call('fetch', await bearer())],
    [
      '§3.1',
      'insufficient_scope',
      'a token whose scope does not cover it',
      403,
      async () => call('fetch', await bearer('mcp:echo')),
    ],
  ])('%s: %s for %s', async (_at, error, when, status, request) => {
    const answer = await request();
    expect(answer.status).toBe(status);
    const { error: code } = JSON.parse(answer.text) as { error: string };
    expect(code).toBe(error === 'no code' ? 'invalid_token' : error);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const challenge = answer.headers.get('www-authenticate') ?? '';
    const service = /another|cover/.test(when) ? 'fetch' : 'echo';
    expect(challenge).toContain(`scope="mcp:${service}"`);
    if (error === 'no code') expect(challenge).not.toContain('error');
    else expect(challenge).toMatch(new RegExp(`^Bearer error="${error}", error_description="[^"]+", `));
  });

  it('RFC 7592 §2.1: invalid_token for a registration access token that is wrong, none where there is none', async () => {
    const url = `${test.origin}/register/${open.client_id}`;
    const missing = await answerOf(await fetch(url));
    expect([missing.status, missing.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="mcpgw"']);
    const wrong = await answerOf(await fetch(url, { headers: { authorization: 'Bearer x' } }));
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="mcpgw", error="invalid_token"',
    ]);
  });
});
