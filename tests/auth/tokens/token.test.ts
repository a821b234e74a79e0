import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorize,
  codeForm,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  type Flow,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});

/** A code, and its form without credentials. */
async function newCode(
  method: string,
): Promise<{ client: RegisteredClient; form: Record<string, string | undefined>; flow: Flow }> {
  const client = await registerClient(test.origin, { token_endpoint_auth_method: method });
  const flow = await authorize(test, { client });
  return { client, flow, form: codeForm(flow, { client_id: undefined, client_secret: undefined }) };
}

describe('invariant 8: client authentication', () => {
  it.each(['client_secret_basic', 'client_secret_post'])('takes header and body for %s', async (method) => {
    const header = await newCode(method);
    const { client_id, client_secret = '' } = header.client;
    expect((await postToken(test, header.form, basic(client_id, client_secret))).status).toBe(200);
    const body = await newCode(method);
    const credentials = { client_id: body.client.client_id, client_secret: body.client.client_secret };
    expect((await postToken(test, { ...body.form, ...credentials })).status).toBe(200);
  });

  it('takes the id alone from a public client', async () => {
    const { client, form } = await newCode('none');
    expect((await postToken(test, { ...form, client_id: client.client_id })).status).toBe(200);
  });

  it('form-decodes the credentials of the header (RFC 6749 §2.3.1)', async () => {
    const { client, form } = await newCode('client_secret_basic');
    const escape = (text: string) => [...text].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');
    const value = `${escape(client.client_id)}:${escape(client.client_secret ?? '')}`;
    const authorization = `basic ${Buffer.from(value).toString('base64')}`;
    expect((await postToken(test, form, { authorization })).status).toBe(200);
  });

  it('never takes a confidential client without its secret, or with another one', async () => {
    const { client, form } = await newCode('client_secret_basic');
    const other = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    const { client_id } = client;
    const wrong: [Record<string, string>, Record<string, string>][] = [
      [{ client_id }, {}],
      [{ client_id, client_secret: '' }, {}],
      [{ client_id, client_secret: 'wrong' }, {}],
      [{ client_id, client_secret: other.client_secret ?? '' }, {}],
      [{}, basic(client_id, '')],
      [{}, basic(client_id, 'wrong')],
      [{}, { authorization: 'Basic !!!' }],
      [{}, { authorization: 'Basic' }],
      [{}, { authorization: `Bearer ${client.client_secret ?? ''}` }],
      [{}, basic('', client.client_secret ?? '')],
      [{}, {}],
      [{ client_id: 'unknown', client_secret: client.client_secret ?? '' }, {}],
      [
        {
          client_id,
          client_assertion: 'x',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        },
        {},
      ],
    ];
    for (const [body, headers] of wrong) {
      const answer = await postToken(test, { ...form, ...body }, headers);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    }
    // None of them used the code up.
    expect((await postToken(test, form, basic(client_id, client.client_secret ?? ''))).status).toBe(200);
  });

  it('takes one method at a time', async () => {
    const { client, form } = await newCode('client_secret_basic');
    const { client_id, client_secret = '' } = client;
    const twice = await postToken(test, { ...form, client_secret }, basic(client_id, client_secret));
    expect([twice.status, twice.body.error]).toEqual([400, 'invalid_request']);
    const two = await postToken(test, { ...form, client_id: 'another' }, basic(client_id, client_secret));
    expect([two.status, two.body.error]).toEqual([400, 'invalid_request']);
    expect((await postToken(test, { ...form, client_id }, basic(client_id, client_secret))).status).toBe(200);
  });

  it('takes no secret from a public client', async () => {
    const { client, form } = await newCode('none');
    expect((await postToken(test, { ...form, client_id: client.client_id, client_secret: 'x' })).status).toBe(
      401,
    );
  });
});

describe('the token endpoint', () => {
  it('answers without being cached, and says what was granted', async () => {
    const answer = await postToken(test, codeForm(await authorize(test)));
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: 'mcp:echo' });
  });

  it('gives a refresh token to every client that registered the grant, with or without offline_access', async () => {
    expect((await signIn(test)).tokens.refresh_token).toBeTypeOf('string');
    const without = await registerClient(test.origin, { grant_types: ['authorization_code'] });
    const { tokens } = await signIn(test, {
      client: without,
      authorize: { scope: 'mcp:echo offline_access' },
    });
    expect(tokens).not.toHaveProperty('refresh_token');
    const refused = await postToken(test, refreshForm(without, 'x'));
    expect(refused.body.error).toBe('unauthorized_client');
  });

  it('refuses repeated parameters, control characters, unknown grants and other bodies', async () => {
    const { client, form } = await newCode('none');
    const pairs = Object.entries({ ...form, client_id: client.client_id }).flatMap(
      ([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]),
    );
    for (const name of ['grant_type', 'client_id', 'code', 'redirect_uri', 'code_verifier']) {
      const value = pairs.find(([key]) => key === name)?.[1] ?? '';
      const answer = await postToken(test, [...pairs, [name, value]]);
      expect([name, answer.status, answer.body.error]).toEqual([name, 400, 'invalid_request']);
    }
    const control = await postToken(test, { ...form, client_id: client.client_id, code: 'a\u0000' });
    expect(control.body.error).toBe('invalid_request');
    for (const grant_type of ['password', 'client_credentials', 'implicit', 'constructor', '__proto__']) {
      const answer = await postToken(test, { ...form, grant_type, client_id: client.client_id });
      expect(answer.body.error).toBe('unsupported_grant_type');
    }
    const json = await fetch(`${test.origin}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...form, client_id: client.client_id }),
    });
    expect([json.status, ((await json.json()) as { error: string }).error]).toEqual([415, 'invalid_request']);
    expect((await fetch(`${test.origin}/token?grant_type=x`)).status).toBe(405);
    expect((await postToken(test, pairs)).status).toBe(200);
  });

  it('takes no parameters from the query', async () => {
    const { client, form } = await newCode('none');
    const query = new URLSearchParams({ client_id: client.client_id, code: form.code ?? '' }).toString();
    const response = await fetch(`${test.origin}/token?${query}`, {
      method: 'POST',
      body: new URLSearchParams(),
    });
    expect(response.status).toBe(401);
  });
});
