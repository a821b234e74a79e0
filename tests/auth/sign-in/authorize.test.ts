import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  authorize,
  authorizeParameters,
  authorizeUrl,
  decodeJwt,
  makePkce,
  openConsent,
  REDIRECT_URI,
  registerClient,
  signIn,
  unescapeHtml,
  type RegisteredClient,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
let client: RegisteredClient;
beforeAll(async () => {
  test = await startTestAuth();
  client = await registerClient(test.origin);
});
afterAll(() => test.close());

const ask = (parameters: Record<string, string | undefined>, suffix = '') =>
  fetch(
    authorizeUrl(test.origin, { ...authorizeParameters(test, client, makePkce()), ...parameters }) + suffix,
    {
      redirect: 'manual',
    },
  );

describe('invariant 4: what is wrong with client or redirect URI never redirects', () => {
  it.each([
    [{ client_id: undefined }, ''],
    [{ client_id: 'unknown' }, ''],
    [{ redirect_uri: 'https://evil.example/cb' }, ''],
    [{ redirect_uri: `${REDIRECT_URI}/x` }, ''],
    [{ redirect_uri: 'javascript:alert(1)' }, ''],
    [{}, `&redirect_uri=${encodeURIComponent(REDIRECT_URI)}`],
    [{}, '&client_id=other'],
    [{ client_id: 'a\u0000b' }, ''],
    [{ redirect_uri: `${REDIRECT_URI}\r\nX: y` }, ''],
  ])('%j%s', async (parameters, suffix) => {
    const response = await ask(parameters, suffix);
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).not.toContain('evil.example');
  });

  it('needs the redirect URI where several are registered, and not where there is one', async () => {
    const several = await registerClient(test.origin, {
      redirect_uris: [REDIRECT_URI, 'https://example.com/cb'],
    });
    expect((await ask({ client_id: several.client_id, redirect_uri: undefined })).status).toBe(400);
    const { tokens } = await signIn(test, { client, authorize: { redirect_uri: undefined } });
    expect(tokens.access_token).toBeTypeOf('string');
  });

  it('takes any port of a registered loopback URI', async () => {
    const { page } = await openConsent(test, {
      client,
      authorize: { redirect_uri: 'http://127.0.0.1:50999/callback' },
    });
    expect(page.status).toBe(200);
    expect(page.html).toContain('127.0.0.1:50999');
  });
});

describe('other errors go to the client, with state and iss (invariant 11; RFC 9207)', () => {
  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: 'too-short' }, 'invalid_request'],
    [{ resource: 'https://other.example/mcp' }, 'invalid_target'],
    [{ scope: 'mcp:echo\u0007' }, 'invalid_request'],
  ])('%j', async (parameters, error) => {
    const response = await ask(parameters);
    expect(response.status).toBe(302);
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.href.startsWith(`${REDIRECT_URI}?`)).toBe(true);
    expect(location.searchParams.get('error')).toBe(error);
    expect(location.searchParams.get('state')).toBe('the state');
    expect(location.searchParams.get('iss')).toBe(test.origin);
    expect(location.searchParams.has('code')).toBe(false);
  });

  it('and to a program on the person’s machine at once', async () => {
    const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback';
    const app = await registerClient(test.origin, { redirect_uris: [cursor] });
    const response = await ask({ client_id: app.client_id, redirect_uri: cursor, response_type: 'token' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toMatch(/^cursor:.*error=unsupported_response_type/);
  });

  it('but to a site on the web by a link that the person follows (RFC 9700 §4.11.2)', async () => {
    const site = await registerClient(test.origin, { redirect_uris: ['https://app.example/cb?keep=1'] });
    const response = await ask({
      client_id: site.client_id,
      redirect_uri: 'https://app.example/cb?keep=1',
      scope: 'mcp:echo\u0007',
    });
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    const html = await response.text();
    expect(html).not.toContain('http-equiv="refresh"');
    expect(html).toContain('app.example');
    const link = new URL(unescapeHtml(/href="(https:[^"]*)"/.exec(html)?.[1] ?? ''));
    expect(link.origin + link.pathname).toBe('https://app.example/cb');
    expect(Object.fromEntries(link.searchParams)).toMatchObject({
      keep: '1',
      error: 'invalid_request',
      state: 'the state',
      iss: test.origin,
    });
  });

  it('a repeated parameter, whose state is not repeated back', async () => {
    for (const [suffix, state] of [
      ['&scope=mcp:echo&scope=mcp:fetch', 'the state'],
      ['&state=other', null],
    ] as const) {
      const location = new URL((await ask({}, suffix)).headers.get('location') ?? '');
      expect(location.searchParams.get('error')).toBe('invalid_request');
      expect(location.searchParams.get('state')).toBe(state);
    }
  });
});

describe('what a request may take up', () => {
  it.each([
    ['state', 4096],
    ['scope', 2048],
  ])('%s: %d bytes', async (name, bytes) => {
    const longest = 'ü'.repeat(bytes / 2);
    expect((await ask({ [name]: longest })).status).toBe(200);
    const before = test.store.calls.filter((call) => call === 'putRecord').length;
    const response = await ask({ [name]: `${longest}a` });
    const location = new URL(response.headers.get('location') ?? '');
    expect(location.searchParams.get('error')).toBe('invalid_request');
    expect(location.searchParams.get('state')).toBe(name === 'state' ? `${longest}a` : 'the state');
    expect(test.store.calls.filter((call) => call === 'putRecord')).toHaveLength(before);
  });

  it('redirect_uri: 2048 bytes, with its port', async () => {
    const path = 'a'.repeat(2048 - 'http://127.0.0.1/'.length);
    const long = await registerClient(test.origin, { redirect_uris: [`http://127.0.0.1/${path}`] });
    const at = (redirect_uri: string) => ask({ client_id: long.client_id, redirect_uri });
    expect((await at(`http://127.0.0.1/${path}`)).status).toBe(200);
    const response = await at(`http://127.0.0.1:50999/${path}`);
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
  });
});

describe('resources and scopes of a request', () => {
  const access = async (parameters: Record<string, string | undefined>, choose: string[] = []) => {
    const { tokens } = await signIn(test, { client, authorize: parameters, choose });
    return { aud: decodeJwt(tokens.access_token).aud, scope: tokens.scope };
  };
  const echo = () => test.resource('echo');
  const fetchUrl = () => test.resource('fetch');

  it('invariant 5: the token names the resource that was asked for', async () => {
    expect(await access({})).toEqual({ aud: echo(), scope: 'mcp:echo' });
    expect(await access({ resource: `${fetchUrl()}/` })).toEqual({ aud: fetchUrl(), scope: 'mcp:fetch' });
  });

  it('takes several', async () => {
    const { page, person } = await openConsent(test, { client, authorize: {} });
    const url = `${page.url}&resource=${encodeURIComponent(fetchUrl())}`;
    const both = await person.visit(url);
    expect(both.html).toContain('Says what it hears.');
    expect(both.html).toContain('Reads web pages.');
  });

  it('follows from the scopes without resource', async () => {
    expect(await access({ resource: undefined, scope: 'mcp:fetch' })).toEqual({
      aud: fetchUrl(),
      scope: 'mcp:fetch',
    });
    expect(await access({ resource: undefined, scope: ' mcp:fetch  mcp:echo ' })).toEqual({
      aud: [fetchUrl(), echo()],
      scope: 'mcp:fetch mcp:echo',
    });
  });

  it('is the choice of the person where neither says', async () => {
    for (const scope of [undefined, 'openid', 'offline_access']) {
      const rest = scope === 'offline_access' ? ' offline_access' : '';
      expect(await access({ resource: undefined, scope }, ['fetch'])).toEqual({
        aud: fetchUrl(),
        scope: `mcp:fetch${rest}`,
      });
    }
    expect(await access({ resource: undefined, scope: 'mcp:*' }, ['echo'])).toEqual({
      aud: echo(),
      scope: 'mcp:*',
    });
  });

  it('lets the person choose nothing that does not exist, and not nothing', async () => {
    for (const choose of [[], ['nothing'], ['../echo']]) {
      const { end } = await authorize(test, { client, authorize: { resource: undefined }, choose });
      expect([end.status, end.html.includes('Choose at least one')]).toEqual([400, true]);
    }
  });

  it('does not let a form widen what the request named', async () => {
    expect(await access({}, ['fetch'])).toEqual({ aud: echo(), scope: 'mcp:echo' });
  });
});
