/**
 * Each error code of the specifications, by the line that defines it: which request gets it, with which status and
 * headers. Codes that we have no use for: `invalid_scope` of RFC 6749 §4.1.2.1 (unknown scopes are dropped, as today's
 * clients need), the codes of RFC 7591 §3.2.2 about software statements (which are ignored) and `unsupported_token_type`
 * of RFC 7009 §2.2.1 (both types are supported).
 */
import { describe, expect, it } from 'vitest';
import {
  authorize,
  basicAuth,
  codeForm,
  makePkce,
  newPerson,
  postForm,
  postJson,
  REDIRECT_URI,
} from '../../helpers/oauth-flow.ts';
import { answerOf, DESCRIPTION, DEVICE_CODE, down, useParties, type Answer, type Form } from './support.ts';

const parties = useParties();

const post = (path: string, form: Form, headers: Record<string, string> = {}): Promise<Answer> =>
  postForm(parties.test.origin + path, form, headers);
const ask = (form: Form, headers: Record<string, string> = {}) => post('/token', form, headers);
const refresh = (extra: Record<string, string> = {}) => ({
  grant_type: 'refresh_token',
  client_id: parties.open.client_id,
  refresh_token: parties.signedIn.tokens.refresh_token,
  ...extra,
});
const register = async (metadata: unknown) =>
  answerOf(await postJson(`${parties.test.origin}/register`, metadata));

interface Begun {
  device_code: string;
  user_code: string;
}

const beginDevice = async () =>
  JSON.parse(
    (await post('/device-authorization', { client_id: parties.device.client_id, scope: 'mcp:echo' })).text,
  ) as Begun;
const poll = ({ device_code }: Pick<Begun, 'device_code'>) =>
  ask({ grant_type: DEVICE_CODE, client_id: parties.device.client_id, device_code });

type Row = [at: string, error: string, when: string, status: number, request: () => Promise<Answer>];

const BASIC = /^Basic realm="mcpgw", charset="UTF-8"$/;

const answered: Row[] = [
  [
    'RFC 6749 §5.2',
    'invalid_request',
    'no grant_type',
    400,
    () => ask({ client_id: parties.open.client_id }),
  ],
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
        ['client_id', parties.open.client_id],
        ['refresh_token', 'a'],
        ['refresh_token', 'a'],
      ]),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_request',
    'two ways to authenticate',
    400,
    () =>
      ask(
        refresh({ client_id: parties.closed.client_id, client_secret: 'x' }),
        basicAuth(parties.closed.client_id, 'x'),
      ),
  ],
  ['RFC 6749 §5.2', 'invalid_client', 'no client', 401, () => ask({ grant_type: 'refresh_token' })],
  ['RFC 6749 §5.2', 'invalid_client', 'an unknown client', 401, () => ask(refresh({ client_id: 'unknown' }))],
  [
    'RFC 6749 §5.2',
    'invalid_client',
    'no client authentication',
    401,
    () => ask(refresh({ client_id: parties.closed.client_id })),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_client',
    'a wrong secret in the header',
    401,
    () =>
      ask({ grant_type: 'refresh_token', refresh_token: 'x' }, basicAuth(parties.closed.client_id, 'wrong')),
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
        { grant_type: 'refresh_token', refresh_token: parties.signedIn.tokens.refresh_token },
        basicAuth(parties.closed.client_id, parties.closed.client_secret ?? ''),
      ),
  ],
  [
    'RFC 6749 §5.2',
    'invalid_grant',
    'another redirect_uri than in the authorization request',
    400,
    async () =>
      ask(
        codeForm(await authorize(parties.test, { client: parties.open }), {
          redirect_uri: 'http://127.0.0.1:33418/other',
        }),
      ),
  ],
  [
    'RFC 7636 §4.6',
    'invalid_grant',
    'another code_verifier',
    400,
    async () =>
      ask(
        codeForm(await authorize(parties.test, { client: parties.open }), {
          code_verifier: makePkce().verifier,
        }),
      ),
  ],
  [
    'RFC 6749 §5.2',
    'unauthorized_client',
    'a grant type that the client did not register',
    400,
    () => ask(refresh({ client_id: parties.device.client_id })),
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
    () => ask(refresh({ resource: `${parties.test.resource('echo')}#x` })),
  ],
  [
    'RFC 8707 §2',
    'invalid_target',
    'a resource that is none of the grant',
    400,
    () => ask(refresh({ resource: parties.test.resource('fetch') })),
  ],
  [
    'RFC 8707 §2',
    'invalid_target',
    'an unknown resource of a device',
    400,
    () => post('/device-authorization', { client_id: parties.device.client_id, resource: 'urn:x' }),
  ],
  [
    'RFC 8628 §3.1',
    'unauthorized_client',
    'a device whose client did not register the grant type',
    400,
    () => post('/device-authorization', { client_id: parties.open.client_id }),
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
      const form = await person.visit(`${parties.test.origin}/device`);
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
      parties.test.clock.advance(600_000);
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
    () => post('/revoke', { client_id: parties.open.client_id }),
  ],
  [
    'RFC 7009 §2.1',
    'invalid_grant',
    'a token of another client',
    400,
    () =>
      post('/revoke', { client_id: parties.device.client_id, token: parties.signedIn.tokens.access_token }),
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
    () => post('/introspect', { client_id: parties.open.client_id, token: 'x' }),
  ],
  [
    'RFC 7009 §2.2.1',
    'temporarily_unavailable',
    'the store does not answer /revoke',
    503,
    () =>
      down(parties.test, () =>
        post('/revoke', { client_id: parties.open.client_id, token: parties.signedIn.tokens.access_token }),
      ),
  ],
  [
    'RFC 6749 §4.1.2.1',
    'temporarily_unavailable',
    'the store does not answer /token',
    503,
    () => down(parties.test, () => ask(refresh())),
  ],
];

describe('an error that is answered as JSON', () => {
  it.each(answered)('%s: %s for %s', async (_at, error, _when, status, request) => {
    const answer = await request();
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      status,
      { error, error_description: expect.stringMatching(DESCRIPTION) as string },
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
