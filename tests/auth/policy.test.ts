/** Who may use what, at the three places that ask: sign-in, `/token` and `/verify`; and how fast a change holds. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { issueHealthTokens } from '../../runtime/auth/admin/health-token.ts';
import { verifyContext } from '../../runtime/config/context.ts';
import { deriveKey } from '../../runtime/config/secrets.ts';
import { createPolicy, OPEN_POLICY, type Policy } from '../../runtime/policy/policy.ts';
import { parsePolicy } from '../../runtime/policy/policy-file.ts';
import { startGithubStandIn, type GithubStandIn } from '../helpers/github-stand-in.ts';
import { authorize, postToken, refreshForm, signIn } from '../helpers/oauth-flow.ts';
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
