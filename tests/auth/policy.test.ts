/** Who may use what, at the places that ask: sign-in, `/token`, `/verify` and `/introspect`; and how fast a change holds. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { issueHealthTokens } from '../../runtime/auth/admin/health-token.ts';
import { registerClient as registerByOperator } from '../../runtime/auth/clients/register.ts';
import { verifyContext } from '../../runtime/config/context.ts';
import { resourceSecret } from '../../runtime/config/resource-secret.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import { createPolicy, OPEN_POLICY, type Policy } from '../../runtime/policy/policy.ts';
import { parsePolicy } from '../../runtime/policy/policy-file.ts';
import { startGithubStandIn, type GithubStandIn } from '../helpers/github-stand-in.ts';
import {
  authorize,
  basicAuth,
  codeForm,
  newPerson,
  openConsent,
  postForm,
  postToken,
  refreshForm,
  registerClient,
  signIn,
} from '../helpers/oauth-flow.ts';
import { ROOT_SECRET, startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

let test: TestAuth;
const started: TestAuth[] = [];
beforeEach(async () => {
  test = await startTestAuth();
  started.push(test);
});
afterAll(async () => {
  for (const each of started) await each.close();
});

function policyOf(rules: string): Policy {
  const result = parsePolicy(`rules:\n${rules}`);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return createPolicy({ file: result.policy });
}

const setPolicy = (policy: Policy) =>
  test.auth.setAccess({ identityProviders: test.settings.identityProviders, policy });
const verify = (token: string, service = 'echo') =>
  test.auth.verify({ service, authorization: `Bearer ${token}` });
const BOTH = { scope: 'mcp:*', resource: undefined };

async function toolsOf(token: string, service = 'echo') {
  const { headers } = await verify(token, service);
  const key = deriveKey(ROOT_SECRET, `context:${service}`);
  return verifyContext(headers['x-mcpgw-context'], key, service, test.clock.now() / 1000)?.tools;
}

describe('/verify', () => {
  it('refuses a known token from the moment on at which its person may not use the service', async () => {
    const { tokens } = await signIn(test, { authorize: BOTH, choose: ['echo', 'fetch'] });
    expect(await verify(tokens.access_token)).toMatchObject({ status: 200 });
    expect(await verify(tokens.access_token, 'fetch')).toMatchObject({ status: 200 });
    setPolicy(policyOf('  - deny: { users: [ALICE], services: [echo] }\n'));
    const refused = await verify(tokens.access_token);
    expect(refused).toMatchObject({ status: 403, body: { error: 'access_denied' } });
    // A challenge would send the client to sign in again, which changes nothing.
    expect(refused.headers).not.toHaveProperty('www-authenticate');
    expect(await verify(tokens.access_token, 'fetch')).toMatchObject({ status: 200 });
    setPolicy(OPEN_POLICY);
    expect(await verify(tokens.access_token)).toMatchObject({ status: 200 });
  });

  it('says in the log which rule it was', async () => {
    const { tokens } = await signIn(test);
    setPolicy(policyOf('  - deny: { clients: ["*"] }\n'));
    const refused = await verify(tokens.access_token);
    expect(JSON.stringify(refused)).not.toContain('rule 1');
    expect(test.logs).toContainEqual(
      expect.objectContaining({
        event: 'access_denied',
        service: 'echo',
        reason: 'rule 1 (line 2) denies it',
      }),
    );
  });

  it('gives the rules of the tools to the service, and newer ones when they changed', async () => {
    const { tokens } = await signIn(test, { authorize: BOTH, choose: ['echo', 'fetch'] });
    expect(await toolsOf(tokens.access_token)).toBeUndefined();
    setPolicy(policyOf('  - deny: { services: [echo], tools: ["write_*"] }\n'));
    expect(await toolsOf(tokens.access_token)).toEqual({ deny: ['write_*'] });
    expect(await toolsOf(tokens.access_token, 'fetch')).toBeUndefined();
    setPolicy(policyOf('  - allow: { users: [bob], tools: [x] }\n'));
    expect(await toolsOf(tokens.access_token)).toEqual({ deny: ['x'] });
    setPolicy(OPEN_POLICY);
    expect(await toolsOf(tokens.access_token)).toBeUndefined();
  });

  it('judges a known token once for each change, and stays synchronous', async () => {
    const { tokens } = await signIn(test);
    await verify(tokens.access_token);
    let asked = 0;
    setPolicy({ ...OPEN_POLICY, decide: () => ({ allowed: (asked += 1) > 0 }) as { allowed: true } });
    for (let index = 0; index < 10; index += 1)
      expect(verify(tokens.access_token)).not.toBeInstanceOf(Promise);
    expect(asked).toBe(1);
  });

  it('lets the health check in, whatever the policy says of people', async () => {
    setPolicy(policyOf('  - deny: {}\n'));
    const { tokens } = await issueHealthTokens(test.auth.context, ['echo']);
    expect(await verify(tokens.echo ?? '')).toMatchObject({ status: 200 });
  });
});

describe('/token', () => {
  it('refreshes while one of the services may still be used, and not afterwards', async () => {
    const flow = await signIn(test, { authorize: BOTH, choose: ['echo', 'fetch'] });
    setPolicy(policyOf('  - deny: { services: [echo] }\n'));
    const first = await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token));
    expect(first.status).toBe(200);
    setPolicy(policyOf('  - deny: { users: ["local:alice"] }\n'));
    const second = await postToken(test, refreshForm(flow.client, first.body.refresh_token));
    expect(second).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    // Nothing was used up: a mistake in the policy costs nobody a sign-in.
    setPolicy(OPEN_POLICY);
    const third = await postToken(test, refreshForm(flow.client, first.body.refresh_token));
    expect(third.status).toBe(200);
  });
});

describe('sign-in', () => {
  it('tells a person who may use none of the services, and gives no code', async () => {
    setPolicy(policyOf('  - deny: { users: [alice], services: [echo] }\n'));
    const { end, answer } = await authorize(test);
    expect(end.status).toBe(403);
    expect(end.html).toContain('alice');
    expect(end.html).toContain('Echo');
    expect(answer.get('code')).toBeNull();
    expect(test.logs).toContainEqual(expect.objectContaining({ event: 'sign_in_refused' }));
    const other = await authorize(test, { authorize: { resource: test.resource('fetch') } });
    expect(other.answer.get('code')).not.toBeNull();
  });

  it('gives a signed-in person no code either, whether they agree now or agreed before', async () => {
    const client = await registerClient(test.origin, { redirect_uris: ['https://app.example/cb'] });
    const person = newPerson(client.redirect_uris);
    const go = (prompt?: string) => openConsent(test, { client, person, authorize: { prompt } });
    await authorize(test, { client, person });
    expect((await go()).page.url).toContain('code=');
    setPolicy(policyOf('  - deny: { users: [alice] }\n'));
    const remembered = (await go()).page;
    const asked = (await go('consent')).page;
    expect(asked.html).toContain('alice');
    const agreed = await person.press(asked, { decision: 'allow' });
    for (const { status, html } of [remembered, agreed]) {
      expect(status).toBe(403);
      expect(html).toContain('may not use');
      expect(html).not.toContain('code=');
    }
    setPolicy(OPEN_POLICY);
    expect((await go()).page.url).toContain('code=');
  });

  it('is asked again when the code comes to /token', async () => {
    const flow = await authorize(test);
    setPolicy(policyOf('  - deny: { services: [echo] }\n'));
    expect((await postToken(test, codeForm(flow))).body.error).toBe('invalid_grant');
  });
});

describe('the device grant', () => {
  const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

  it('is approved by nobody who may use nothing of it, and asked again at /token', async () => {
    const { client_id } = await registerClient(test.origin, {
      redirect_uris: [],
      response_types: [],
      grant_types: [DEVICE_CODE],
    });
    const begun = await postForm(`${test.origin}/device-authorization`, { client_id, scope: 'mcp:echo' });
    const { device_code, user_code } = JSON.parse(begun.text) as Record<string, string>;
    const poll = async () => {
      test.clock.advance(6_000);
      return (await postToken(test, { grant_type: DEVICE_CODE, device_code, client_id })).body.error;
    };
    const approve = async () => {
      const person = newPerson();
      const consent = await person.press(await person.visit(`${test.origin}/device`), {
        user_code: user_code ?? '',
      });
      return person.press(await person.press(consent, { decision: 'allow:local' }), {});
    };
    setPolicy(policyOf('  - deny: { services: [echo] }\n'));
    const refused = await approve();
    expect([refused.status, refused.html.includes('may not use')]).toEqual([403, true]);
    expect(await poll()).toBe('authorization_pending');
    setPolicy(OPEN_POLICY);
    expect((await approve()).status).toBe(200);
    setPolicy(policyOf('  - deny: { services: [echo] }\n'));
    expect(await poll()).toBe('invalid_grant');
    setPolicy(OPEN_POLICY);
    expect(await poll()).toBeUndefined();
  });
});

describe('a script (client_credentials)', () => {
  it('is a user with an id and a name of its own', async () => {
    test = await startTestAuth({ settings: { clientCredentials: true } });
    started.push(test);
    const metadata = {
      client_name: 'Nightly job',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      scope: 'mcp:*',
    };
    const registered = await registerByOperator(test.auth.context, metadata, true);
    const [id, secret] = [String(registered['client_id']), String(registered['client_secret'])];
    const ask = () => postToken(test, { grant_type: 'client_credentials' }, basicAuth(id, secret));
    const { access_token } = (await ask()).body;
    for (const user of [`'client:${id}'`, 'nightly job']) {
      setPolicy(policyOf(`  - deny: { users: [${user}], services: [echo] }\n`));
      expect((await verify(access_token)).status).toBe(403);
      expect((await verify(access_token, 'fetch')).status).toBe(200);
      setPolicy(policyOf(`  - deny: { users: [${user}] }\n`));
      expect((await ask()).body.error).toBe('invalid_grant');
    }
    setPolicy(policyOf(`  - allow: { users: ['client:${id}'] }\n`));
    expect((await ask()).status).toBe(200);
  });
});

describe('introspection', () => {
  it('says that a token which its person may use nowhere is not active', async () => {
    const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    const { tokens } = await signIn(test, { client, authorize: BOTH, choose: ['echo', 'fetch'] });
    const asClient = basicAuth(client.client_id, client.client_secret ?? '');
    const asService = (name: string) =>
      basicAuth(name, resourceSecret(deriveKey(ROOT_SECRET, `context:${name}`)));
    const isActive = async (headers: Record<string, string>, token: string | undefined) =>
      (await postForm(`${test.origin}/introspect`, { token }, headers)).text !== '{"active":false}';
    const active = async () => [
      await isActive(asClient, tokens.access_token),
      await isActive(asClient, tokens.refresh_token),
      await isActive(asService('echo'), tokens.access_token),
      await isActive(asService('fetch'), tokens.access_token),
    ];
    expect(await active()).toEqual([true, true, true, true]);
    setPolicy(policyOf('  - deny: { users: [alice], services: [echo] }\n'));
    expect(await active()).toEqual([true, true, false, true]);
    setPolicy(policyOf('  - deny: { groups: [staff] }\n  - deny: { clients: ["*"] }\n'));
    expect(await active()).toEqual([false, false, false, false]);
  });

  it('goes on to know the health check', async () => {
    const { tokens } = await issueHealthTokens(test.auth.context, ['echo']);
    setPolicy(policyOf('  - deny: {}\n'));
    const headers = basicAuth('echo', resourceSecret(deriveKey(ROOT_SECRET, 'context:echo')));
    const answer = await postForm(`${test.origin}/introspect`, { token: tokens.echo }, headers);
    expect(answer.body).toMatchObject({ active: true });
  });
});

describe('the allow-list of an identity provider', () => {
  let github: GithubStandIn;
  afterAll(() => github?.close());

  it('holds for tokens that exist and for refreshing, from the moment on at which it changes', async () => {
    github = await startGithubStandIn({ id: 1, login: 'alice' });
    test = await startTestAuth({ github, allowedUsers: ['*'] });
    started.push(test);
    const flow = await signIn(test);
    expect(await verify(flow.tokens.access_token)).toMatchObject({ status: 200 });
    const providersFor = (allowedUsers: string[]) =>
      test.settings.identityProviders.map((provider) => ({ ...provider, allowedUsers }) as typeof provider);
    test.auth.setAccess({ identityProviders: providersFor(['somebody-else']), policy: OPEN_POLICY });
    expect(await verify(flow.tokens.access_token)).toMatchObject({ status: 401 });
    const refused = await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token));
    expect(refused.body.error).toBe('invalid_grant');
    test.auth.setAccess({ identityProviders: providersFor(['*']), policy: OPEN_POLICY });
    expect(await verify(flow.tokens.access_token)).toMatchObject({ status: 200 });
  });
});
