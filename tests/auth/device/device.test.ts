import * as oauth from 'oauth4webapi';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { createClientSites } from '../../helpers/client-site.ts';
import {
  basicAuth,
  formOf,
  newPerson,
  postForm,
  postToken,
  refreshForm,
  registerClient,
  type Person,
  type RegisteredClient,
  type Visit,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { discoverServer } from '../../helpers/strict-client.ts';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

let test: TestAuth;
let client: RegisteredClient;
let person: Person;
const started: TestAuth[] = [];
beforeEach(async () => {
  test = await startTestAuth();
  started.push(test);
  client = await registerClient(test.origin, {
    client_name: 'Terminal',
    redirect_uris: [],
    response_types: [],
    grant_types: [DEVICE_CODE, 'refresh_token'],
  });
  person = newPerson();
});
afterAll(async () => {
  for (const each of started) await each.close();
});

interface Begun {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

async function begin(form: Record<string, string> = { scope: 'mcp:echo' }): Promise<Begun> {
  const answer = await postForm(`${test.origin}/device-authorization`, {
    client_id: client.client_id,
    ...form,
  });
  if (answer.status !== 200) throw new Error(answer.text);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return JSON.parse(answer.text) as Begun;
}

const poll = (begun: Pick<Begun, 'device_code'>, extra: Record<string, string> = {}) =>
  postToken(test, {
    grant_type: DEVICE_CODE,
    device_code: begun.device_code,
    client_id: client.client_id,
    ...extra,
  });
const pollError = async (begun: Begun) => {
  const { status, body } = await poll(begun);
  expect(status).toBe(400);
  return body.error;
};
const enter = async (userCode: string): Promise<Visit> =>
  person.press(await person.visit(`${test.origin}/device`), { user_code: userCode });

/** The person enters the code, agrees and signs in. */
async function agree(begun: Begun, choose: string[] = []): Promise<Visit> {
  const consent = await enter(begun.user_code);
  const services = choose.map((name): [string, string] => ['service', name]);
  return person.press(await person.press(consent, { decision: 'allow:local' }, services), {});
}

describe('the device grant (RFC 8628)', () => {
  it('signs a terminal in by a browser elsewhere', async () => {
    const begun = await begin();
    expect(begun).toMatchObject({
      user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/) as string,
      verification_uri: `${test.origin}/device`,
      verification_uri_complete: `${test.origin}/device?user_code=${begun.user_code}`,
      expires_in: 600,
      interval: 5,
    });
    expect(await pollError(begun)).toBe('authorization_pending');
    const end = await agree(begun);
    expect(end.html).toContain('Your device is connected');
    const { status, body } = await poll(begun);
    expect([status, body.token_type, body.scope]).toEqual([200, 'Bearer', 'mcp:echo']);
    const authorization = `Bearer ${body.access_token}`;
    expect(await test.auth.verify({ service: 'echo', authorization })).toMatchObject({
      status: 200,
      headers: { 'x-user-id': 'local:alice', 'x-client-id': client.client_id },
    });
    expect((await test.auth.verify({ service: 'fetch', authorization })).status).toBe(401);
    const refreshed = await postToken(test, refreshForm(client, body.refresh_token));
    expect(refreshed.status).toBe(200);
  });

  it('lets the person choose where the terminal named nothing', async () => {
    const begun = await begin({});
    await agree(begun, ['fetch']);
    expect((await poll(begun)).body.scope).toBe('mcp:fetch');
  });

  it('shows the person who asks for what, and says to go on only with a code of one’s own', async () => {
    const begun = await begin();
    const form = await person.visit(begun.verification_uri_complete);
    // RFC 8628 §3.3.1: nothing is confirmed by the link alone.
    expect(form.html).toContain(`value="${begun.user_code}"`);
    expect(form.html).toContain('only if you have just started this on a device of your own');
    const consent = await person.press(form, { user_code: begun.user_code });
    expect(consent.html).toContain('Terminal');
    expect(consent.html).toContain('Says what it hears.');
    expect(consent.html).not.toContain('Reads web pages.');
    expect(consent.html).toContain('Whoever sends you a code wants to get in as you.');
    expect(await pollError(begun)).toBe('authorization_pending');
  });

  it('tells the terminal that the person denied', async () => {
    const begun = await begin();
    const end = await person.press(await enter(begun.user_code), { decision: 'deny' });
    expect(end.html).toContain('You denied access');
    expect(await pollError(begun)).toBe('access_denied');
    const told = test.logs.map(({ event }) => event).filter((event) => String(event).startsWith('device_'));
    expect(told).toEqual(['device_requested', 'device_denied']);
    // The code leads nowhere any more.
    expect((await enter(begun.user_code)).html).toContain('No device waits for this code');
  });

  it('slows a terminal down that asks too often, each time by five seconds more', async () => {
    const begun = await begin();
    expect(await pollError(begun)).toBe('authorization_pending');
    expect(await pollError(begun)).toBe('slow_down');
    test.clock.advance(5_000);
    expect(await pollError(begun)).toBe('slow_down');
    test.clock.advance(15_000);
    expect(await pollError(begun)).toBe('authorization_pending');
    await agree(begun);
    expect((await poll(begun)).status).toBe(200);
  });

  it('ends after ten minutes, for the terminal and for the person', async () => {
    const begun = await begin();
    const consent = await enter(begun.user_code);
    test.clock.advance(600_000);
    expect(await pollError(begun)).toBe('expired_token');
    expect((await enter(begun.user_code)).html).toContain('No device waits for this code');
    expect((await person.press(consent, { decision: 'allow:local' })).status).toBe(400);
    test.clock.advance(300_000);
    expect(await pollError(begun)).toBe('invalid_grant');
  });

  it('gives tokens to one of concurrent polls', async () => {
    const begun = await begin();
    await agree(begun);
    const answers = await Promise.all(Array.from({ length: 8 }, () => poll(begun)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 200) expect(body.error).toBe('invalid_grant');
    expect(await pollError(begun)).toBe('invalid_grant');
  });

  it('takes one answer of the person: who agreed cannot be replaced', async () => {
    const begun = await begin();
    const consent = await enter(begun.user_code);
    await agree(begun);
    const other = newPerson();
    expect((await other.press(consent, { decision: 'deny' })).status).toBe(403);
    const late = await person.press(consent, { decision: 'deny' });
    expect(late.html).toContain('This code has ended');
    expect((await poll(begun)).status).toBe(200);
  });

  it('takes what the person agreed to, and no more', async () => {
    const begun = await begin();
    await agree(begun);
    expect((await poll(begun, { scope: 'mcp:echo mcp:fetch' })).body.error).toBe('invalid_scope');
    expect((await poll(begun, { resource: test.resource('fetch') })).body.error).toBe('invalid_target');
    expect((await poll(begun, { resource: test.resource('echo') })).status).toBe(200);
  });

  it('gives nothing to a person whose access was ended since', async () => {
    const begun = await begin();
    await agree(begun);
    test.clock.advance(1);
    await test.store.revokeUser('local:alice', test.clock.now());
    expect(await pollError(begun)).toBe('invalid_grant');
  });

  it('is for clients that registered it, and each has its own codes', async () => {
    const begun = await begin();
    await agree(begun);
    const without = await registerClient(test.origin);
    const refused = await postForm(`${test.origin}/device-authorization`, { client_id: without.client_id });
    expect([refused.status, refused.body.error]).toEqual([400, 'unauthorized_client']);
    const grant = await poll(begun, { client_id: without.client_id });
    expect([grant.status, grant.body.error]).toEqual([400, 'unauthorized_client']);
    const other = await registerClient(test.origin, { grant_types: [DEVICE_CODE, 'authorization_code'] });
    expect((await poll(begun, { client_id: other.client_id })).body.error).toBe('invalid_grant');
    const confidential = await registerClient(test.origin, {
      grant_types: [DEVICE_CODE],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const { client_id, client_secret = '' } = confidential;
    const url = `${test.origin}/device-authorization`;
    expect((await postForm(url, { client_id })).status).toBe(401);
    expect((await postForm(url, {}, basicAuth(client_id, 'wrong'))).status).toBe(401);
    expect((await postForm(url, {}, basicAuth(client_id, client_secret))).status).toBe(200);
    expect((await poll(begun)).status).toBe(200);
  });

  it('refuses codes that are not whole', async () => {
    const begun = await begin();
    await agree(begun);
    const [id = '', secret = ''] = begun.device_code.split('.');
    for (const device_code of [
      'x',
      id,
      `${id}.`,
      `${id}.${secret.replace(/^.{4}/, 'AAAA')}`,
      `${secret}.${id}`,
    ])
      expect((await poll({ device_code })).body.error).toBe('invalid_grant');
    expect((await poll({ device_code: '' })).body.error).toBe('invalid_request');
    expect((await poll(begun)).status).toBe(200);
  });

  it('is what a strict client takes', async () => {
    const options = { [oauth.allowInsecureRequests]: true };
    const server = await discoverServer(test.origin, options);
    const known = { client_id: client.client_id };
    const begun = await oauth.processDeviceAuthorizationResponse(
      server,
      known,
      await oauth.deviceAuthorizationRequest(server, known, oauth.None(), { scope: 'mcp:echo' }, options),
    );
    const ask = async () =>
      oauth.processDeviceCodeResponse(
        server,
        known,
        await oauth.deviceCodeGrantRequest(server, known, oauth.None(), begun.device_code, options),
      );
    await expect(ask()).rejects.toMatchObject({ error: 'authorization_pending' });
    await agree(begun as unknown as Begun);
    expect(await ask()).toMatchObject({ token_type: 'bearer', scope: 'mcp:echo' });
  });
});

describe('a terminal whose client is the URL of a metadata document', () => {
  const id = 'https://app.example/terminal.json';
  const agreed = async (domains = ['*']) => {
    const sites = createClientSites({
      [id]: {
        client_id: id,
        client_name: 'Terminal',
        redirect_uris: ['https://app.example/callback'],
        grant_types: [DEVICE_CODE, 'authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
    });
    test = await startTestAuth({
      guardedFetch: sites.fetch,
      settings: { clientDocumentDomains: domains },
    });
    started.push(test);
    client = { client_id: id, redirect_uris: [] };
    const begun = await begin();
    await agree(begun);
    return begun;
  };

  it('gets its tokens, and none once its client was ended', async () => {
    expect((await poll(await agreed())).status).toBe(200);
    const begun = await agreed();
    test.clock.advance(1);
    await test.store.revokeClient(id, test.clock.now());
    expect(await pollError(begun)).toBe('invalid_grant');
    // What is agreed to after that is another matter.
    const next = await begin();
    await agree(next);
    expect((await poll(next)).status).toBe(200);
  });

  it('gets none once documents of its host are no longer taken', async () => {
    const domains = ['app.example'];
    const begun = await agreed(domains);
    domains.pop();
    const { status, body } = await poll(begun);
    expect([status, body.error]).toEqual([401, 'invalid_client']);
    const refused = await postForm(`${test.origin}/device-authorization`, { client_id: id });
    expect([refused.status, refused.body.error]).toEqual([401, 'invalid_client']);
  });
});

describe('guessing and phishing (RFC 8628 §5.1, §5.4)', () => {
  it('keeps codes only as hashes, and writes none into the log', async () => {
    const begun = await begin();
    await agree(begun);
    const stored = await test.store.getRecord('device', begun.device_code.split('.')[0] ?? '');
    expect(stored).toMatchObject({ status: 'approved' });
    const { body } = await poll(begun);
    const kept = JSON.stringify([stored, test.logs]);
    const secret = begun.device_code.split('.')[1] ?? '';
    for (const value of [begun.user_code, begun.user_code.replace('-', ''), secret, body.access_token])
      expect(kept).not.toContain(value);
  });

  it('limits how many codes are tried', async () => {
    let last: Visit | undefined;
    const form = await person.visit(`${test.origin}/device`);
    for (let attempt = 0; attempt <= 10; attempt++)
      last = await person.press(form, { user_code: 'BBBB-BBBB' });
    expect(last?.status).toBe(429);
    expect(last?.headers.get('retry-after')).toBe('10');
  });

  it('takes no code that another site posts, or that comes in a link', async () => {
    const begun = await begin();
    const values = new URLSearchParams({ user_code: begun.user_code });
    expect((await newPerson().visit(`${test.origin}/device`, values)).status).toBe(403);
    const theirs = formOf((await newPerson().visit(`${test.origin}/device`)).html).values;
    theirs.set('user_code', begun.user_code);
    await person.visit(`${test.origin}/device`);
    expect((await person.visit(`${test.origin}/device`, theirs)).status).toBe(403);
    const link = await person.visit(begun.verification_uri_complete);
    expect(link.html).toContain('<form method="post" action="/device">');
  });

  it('shows nothing that was typed but as text', async () => {
    const page = await enter('"><script>alert(1)</script>');
    expect(page.status).toBe(400);
    expect(page.html).not.toContain('<script>');
    const link = await person.visit(`${test.origin}/device?user_code=${encodeURIComponent('"><b>')}`);
    expect(link.html).not.toContain('<b>');
  });
});
