import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuth } from '../../runtime/auth/app.ts';
import { silentLogger } from '../../runtime/config/log.ts';
import { createMemoryStore } from '../../runtime/store/memory.ts';
import { startGithubStandIn, type GithubStandIn } from '../helpers/github-stand-in.ts';
import {
  authorize,
  codeForm,
  formOf,
  openConsent,
  postJson,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  clientMetadata,
} from '../helpers/oauth-flow.ts';
import { startTestAuth, testSettings, type TestAuth } from '../helpers/oauth-server.ts';

let github: GithubStandIn;
let test: TestAuth;
beforeAll(async () => {
  github = await startGithubStandIn({ id: 583231, login: 'alice' });
  test = await startTestAuth({ github });
});
beforeEach(() => {
  test.store.down = false;
});
afterAll(async () => {
  await test.close();
  await github.close();
});

const CSP = "default-src 'none';style-src 'self';form-action 'self';frame-ancestors 'none';base-uri 'none'";

describe('invariant 10: no token, code, secret or cookie in logs, errors or URLs of ours', () => {
  it('over a whole life: register, sign in, refresh, replay, fail', async () => {
    const client = await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' });
    const { page, person } = await openConsent(test, { client });
    const flow = await signIn(test, { client, person });
    const refreshed = await postToken(test, refreshForm(client, flow.tokens.refresh_token));
    const failures = [
      await postToken(test, codeForm(flow)),
      await postToken(test, codeForm(flow, { code: `${flow.answer.get('code') ?? ''}\u0000` })),
      await postToken(test, refreshForm(client, refreshed.body.refresh_token)),
      await postToken(test, { ...codeForm(flow), client_secret: `${client.client_secret ?? ''}x` }),
    ];
    await test.auth.verify({ service: 'echo', authorization: `Bearer ${flow.tokens.access_token}` });
    await test.auth.verify({ service: 'fetch', authorization: `Bearer ${flow.tokens.access_token}x` });
    const secrets = [
      flow.answer.get('code'),
      client.client_secret,
      flow.tokens.access_token.split('.')[2],
      flow.tokens.refresh_token,
      refreshed.body.refresh_token,
      refreshed.body.access_token.split('.')[2],
      flow.pkce.verifier,
      ...person.cookies.values(),
    ];
    const written = JSON.stringify([test.logs, failures.map(({ text, headers }) => [text, [...headers]])]);
    for (const secret of secrets) {
      expect(secret).toBeTypeOf('string');
      expect(written).not.toContain(secret);
    }
    expect(page.html).not.toContain([...person.cookies.values()][0]);
    expect(test.logs.map(({ event }) => event)).toEqual(
      expect.arrayContaining([
        'client_registered',
        'consent_given',
        'signed_in',
        'tokens_issued',
        'tokens_refreshed',
        'code_replayed',
      ]),
    );
  });
});

describe('invariant 13: errors', () => {
  it('with the store down every endpoint answers 503 with Retry-After', async () => {
    const flow = await authorize(test);
    const client = flow.client;
    test.store.down = true;
    const answers = [
      await postJson(`${test.origin}/register`, clientMetadata()),
      await fetch(`${test.origin}/token`, {
        method: 'POST',
        body: new URLSearchParams({ client_id: client.client_id }),
      }),
      await fetch(`${test.origin}/authorize?client_id=${client.client_id}`),
      await fetch(`${test.origin}/callback?state=x`),
    ];
    for (const answer of answers)
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answers[0]?.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect((await test.auth.app.inject('/health')).statusCode).toBe(503);
    test.store.down = false;
    expect((await test.auth.app.inject('/health')).json()).toEqual({ status: 'ok' });
    // The code was not used up.
    expect((await postToken(test, codeForm(flow))).status).toBe(200);
  });

  it('an unknown error becomes server_error without detail, for clients and for people', async () => {
    const store = createMemoryStore();
    const auth = await createAuth({
      settings: testSettings(test.settings.topology, { github }),
      store,
      logger: silentLogger,
    });
    store.getClient = () => Promise.reject(new Error('password is sesame'));
    const answer = await auth.app.inject({
      method: 'POST',
      url: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'client_id=x',
    });
    expect([answer.statusCode, answer.json()]).toEqual([
      500,
      expect.objectContaining({ error: 'server_error' }),
    ]);
    const page = await auth.app.inject('/authorize?client_id=x');
    expect([page.statusCode, page.headers['content-type']]).toEqual([500, 'text/html; charset=utf-8']);
    for (const { body } of [answer, page]) expect(body).not.toMatch(/sesame|\.ts/);
    await auth.close();
  });

  it('a request that nothing takes, or that cannot be read, is refused in JSON without being quoted', async () => {
    expect((await test.auth.app.inject('/nothing?code=sesame')).statusCode).toBe(404);
    for (const url of ['/nothing?code=sesame', '/%zz?code=sesame', '/assets/../package.json']) {
      const answer = await test.auth.app.inject(url);
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toMatch(/sesame|zz/);
    }
  });
});

describe('invariant 15: pages', () => {
  it('carry a strict policy, and are kept by nobody', async () => {
    const { page, person } = await openConsent(test);
    const pages = [page, await person.press(page, { decision: 'deny' })];
    for (const path of ['/success?error=access_denied', '/callback', '/authorize'])
      pages.push(await person.visit(test.origin + path));
    for (const { html, headers } of pages) {
      expect(headers.get('content-security-policy')).toBe(CSP);
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      // A client in a browser that opened us in a pop-up must still find it afterwards.
      expect(headers.get('cross-origin-opener-policy')).toBeNull();
      expect(html).not.toMatch(/<script|\son\w+=|javascript:|style="/i);
    }
  });

  it('load one stylesheet', async () => {
    const answer = await test.auth.app.inject('/assets/style.css');
    expect(answer.headers['content-type']).toBe('text/css; charset=utf-8');
    expect(answer.body).toContain('prefers-color-scheme: dark');
  });

  it('/success shows the code or the error, escaped, and nothing else as one', async () => {
    const success = async (query: string) => (await test.auth.app.inject(`/success?${query}`)).body;
    const code = (await authorize(test)).answer.get('code') ?? '';
    expect(await success(`code=${code}&state=s1`)).toContain(`>${code}<`);
    const error = await success('error=access_denied&error_description=%3Cb%3EHi&state=%22%3E%3Cscript%3E');
    expect(error).toContain('access_denied');
    expect(error).toContain('&lt;b&gt;Hi');
    expect(error).not.toContain('<script');
    for (const query of ['', 'code=Call+0800', 'error=Your+bank', 'code='])
      expect(await success(query)).toContain('Nothing to show');
  });
});

describe('createAuth', () => {
  const create = (settings: Parameters<typeof testSettings>[1]) =>
    createAuth({
      settings: testSettings(test.settings.topology, settings),
      store: createMemoryStore(),
      logger: silentLogger,
    });

  it('refuses settings that let nobody or anybody in', async () => {
    await expect(create({ settings: { identityProviders: [] } })).rejects.toThrow('identity provider');
    const topology = {
      mode: 'subdomain',
      scheme: 'https',
      domain: 'example.com',
      services: ['echo'],
    } as const;
    await expect(create({ settings: { topology: { ...topology, services: ['echo'] } } })).rejects.toThrow(
      'example.com',
    );
  });

  it('lets the person choose between providers', async () => {
    const auth = await startTestAuth({
      github,
      settings: {
        identityProviders: [
          { kind: 'local', userName: 'alice' },
          { kind: 'github', ...github, allowedUsers: ['alice'] },
        ],
      },
    });
    try {
      const { page, person } = await openConsent(auth);
      expect(page.html).toContain('Allow, with GitHub');
      expect((await person.press(page, { decision: 'allow:github' })).url).toContain('code=');
      const again = await openConsent(auth, { person });
      const local = await person.press(again.page, { decision: 'allow:local' });
      expect(local.html).toContain('Continue as alice');
      // One step's form is no good for the other.
      const form = formOf(local.html).values;
      form.set('decision', 'allow:github');
      expect((await person.visit(`${auth.origin}/consent`, form)).status).toBe(400);
      expect((await person.press(local, {})).url).toContain('code=');
      // A form works once.
      expect((await person.press(local, {})).status).toBe(400);
    } finally {
      await auth.close();
    }
  });
});
