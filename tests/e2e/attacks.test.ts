/**
 * Each security invariant, and each mistake of the system that this one replaces, tried as an attack from outside against
 * a running gateway. The tests have an order: the last one reads what the gateway wrote meanwhile.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devAsTest } from '../helpers/dev-flow.ts';
import { type DevProcess, startDev } from '../helpers/mcpgw-process.ts';
import {
  authorize,
  authorizeParameters,
  authorizeUrl,
  codeForm,
  decodeJwt,
  formOf,
  makePkce,
  newPerson,
  openConsent,
  postJson,
  postToken,
  refreshForm,
  registerClient,
  signIn,
  clientMetadata,
  type Flow,
  type Tokens,
} from '../helpers/oauth-flow.ts';
import type { TestAuth } from '../helpers/oauth-server.ts';

let folder: string;
let dev: DevProcess;
let test: TestAuth;
let flow: Flow & { tokens: Tokens };
const secrets: (string | null | undefined)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-attacks-'));
  dev = await startDev(['--services', 'echo-stateful,echo-stateless'], { cwd: folder });
  const running = devAsTest(dev);
  // The helpers ask for the service `echo`.
  test = { ...running, resource: (name) => running.resource(name === 'echo' ? 'echo-stateless' : name) };
  flow = await signedIn();
});
afterAll(async () => {
  await dev?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Signs in, and remembers what must never be seen again. */
async function signedIn(options: Parameters<typeof signIn>[1] = {}): Promise<Flow & { tokens: Tokens }> {
  const done = await signIn(test, options);
  secrets.push(
    done.answer.get('code'),
    done.tokens.refresh_token,
    done.tokens.access_token.split('.')[2],
    done.pkce.verifier,
    done.client.client_secret,
    ...done.person.cookies.values(),
  );
  return done;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const ACCEPT = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };

/** One message to a service. */
const send = (service: string, message: unknown, headers: Record<string, string>) =>
  fetch(test.resource(service), {
    method: 'POST',
    headers: { ...ACCEPT, ...headers },
    body: JSON.stringify(message),
  });

const call = (name: string, args: Record<string, unknown>) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
});

/** With headers that `fetch` would not send. */
const raw = (path: string, headers: Record<string, string>) =>
  new Promise<number>((resolve, reject) => {
    const { port } = new URL(dev.issuer);
    httpRequest({ host: '127.0.0.1', port, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

async function opened(token: string): Promise<string> {
  const response = await send(
    'echo-stateful',
    {
      jsonrpc: '2.0',
      id: 0,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
    },
    bearer(token),
  );
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

describe('attacks on sign-in', () => {
  it('nobody is sent on, and no code is issued, without consent in the same browser', async () => {
    const { page, person } = await openConsent(test);
    expect(page.html).not.toContain('code=');
    // Another browser with the victim's form, and the victim's browser with a form of the attacker's.
    const { action, values } = formOf(page.html);
    values.set('decision', 'allow:local');
    const elsewhere = await newPerson().visit(dev.issuer + action, values);
    expect([elsewhere.status, elsewhere.html.includes('code=')]).toEqual([403, false]);
    const forged = new URLSearchParams(values);
    forged.set('csrf', 'x'.repeat(43));
    expect((await person.visit(dev.issuer + action, forged)).status).toBe(403);
    for (const path of ['/callback?code=x&state=y', '/local', '/consent'])
      expect((await person.visit(dev.issuer + path)).html).not.toContain('code=');
  });

  it('no dangerous redirect URI registers, and no other one than the registered is gone to', async () => {
    for (const uri of [
      'javascript:alert(1)',
      'data:text/html,x',
      'http://localhost.evil.example/cb',
      'http://127.0.0.1.evil.example/cb',
      'http://evil.example/cb',
      'https://user@evil.example/cb',
      'https://app.example/cb#fragment',
      'myapp://callback',
      'file:///etc/passwd',
    ]) {
      const response = await postJson(`${dev.issuer}/register`, clientMetadata({ redirect_uris: [uri] }));
      expect([uri, response.status]).toEqual([uri, 400]);
    }
    for (const redirect_uri of [
      'https://evil.example/cb',
      `${flow.redirectUri}/../evil`,
      `${flow.redirectUri}?x=1`,
      flow.redirectUri.replace('127.0.0.1', 'localhost'),
    ]) {
      const url = authorizeUrl(dev.issuer, {
        ...authorizeParameters(test, flow.client, makePkce()),
        redirect_uri,
      });
      const response = await fetch(url, { redirect: 'manual' });
      expect([redirect_uri, response.status, response.headers.get('location')]).toEqual([
        redirect_uri,
        400,
        null,
      ]);
    }
  });

  it('a hostile name stays text on every page', async () => {
    const client = await registerClient(dev.issuer, {
      client_name: '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    });
    const { page, person } = await openConsent(test, { client });
    const next = await person.press(page, { decision: 'allow:local' });
    for (const { html } of [page, next]) {
      expect(html).toContain('&lt;script&gt;');
      expect(html).not.toMatch(/<script|<img src=x/);
    }
  });
});

describe('attacks with what was stolen', () => {
  it('a stolen code is worth nothing, and its second use ends what the first one issued', async () => {
    const victim = await authorize(test);
    const thief = await registerClient(dev.issuer);
    secrets.push(victim.answer.get('code'), victim.pkce.verifier);
    for (const change of [
      { client_id: thief.client_id },
      { code_verifier: makePkce().verifier },
      { code_verifier: victim.pkce.challenge },
      { redirect_uri: 'http://127.0.0.1:1/other' },
    ])
      expect((await postToken(test, codeForm(victim, change))).body.error).toBe('invalid_grant');
    const { body } = await postToken(test, codeForm(victim));
    const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect((await send('echo', list, bearer(body.access_token))).status).toBe(200);
    expect((await postToken(test, codeForm(victim))).body.error).toBe('invalid_grant');
    await expect
      .poll(async () => (await send('echo', list, bearer(body.access_token))).status, { timeout: 3_000 })
      .toBe(401);
  });

  it('a refresh token does not work with the credentials of another client', async () => {
    const confidential = { token_endpoint_auth_method: 'client_secret_basic' };
    const victim = await signedIn({ client: await registerClient(dev.issuer, confidential) });
    const thief = await registerClient(dev.issuer, confidential);
    const stolen = victim.tokens.refresh_token;
    expect((await postToken(test, refreshForm(thief, stolen))).body.error).toBe('invalid_grant');
    expect((await postToken(test, refreshForm(flow.client, stolen))).body.error).toBe('invalid_grant');
    const rotated = await postToken(test, refreshForm(victim.client, stolen));
    expect(rotated.status).toBe(200);
    expect(rotated.body.refresh_token).not.toBe(stolen);
    secrets.push(rotated.body.refresh_token);
  });

  it('a confidential client is nobody without its secret', async () => {
    const client = await registerClient(dev.issuer, { token_endpoint_auth_method: 'client_secret_post' });
    const victim = await authorize(test, { client });
    for (const client_secret of [undefined, '', 'x', client.client_secret?.slice(0, -1), client.client_id]) {
      const answer = await postToken(test, codeForm(victim, { client_secret }));
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    }
  });

  it('introspection tells a stranger nothing, and revocation ends nothing of others', async () => {
    const stranger = await registerClient(dev.issuer, { token_endpoint_auth_method: 'client_secret_basic' });
    const authorization = `Basic ${Buffer.from(`${stranger.client_id}:${stranger.client_secret ?? ''}`).toString('base64')}`;
    const post = (path: string, headers: Record<string, string>, token: string) =>
      fetch(dev.issuer + path, { method: 'POST', headers, body: new URLSearchParams({ token }) });
    for (const token of [flow.tokens.access_token, flow.tokens.refresh_token ?? '']) {
      expect((await post('/introspect', {}, token)).status).toBe(401);
      const answer = await post('/introspect', { authorization }, token);
      expect(await answer.json()).toEqual({ active: false });
      const refused = await post('/revoke', { authorization }, token);
      expect([refused.status, ((await refused.json()) as { error: string }).error]).toEqual([
        400,
        'invalid_grant',
      ]);
    }
    expect(
      (await send('echo', call('echo', { message: 'm' }), bearer(flow.tokens.access_token))).status,
    ).toBe(200);
  });
});

describe('attacks on services', () => {
  it('a token for one service opens no other', async () => {
    const response = await send('echo-stateful', call('echo', {}), bearer(flow.tokens.access_token));
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('invalid_token'),
    ]);
  });

  it('no token that somebody else made opens anything', async () => {
    const [header = '', payload = ''] = flow.tokens.access_token.split('.');
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const jwks = (await (await fetch(`${dev.issuer}/.well-known/jwks.json`)).json()) as { keys: object[] };
    const rs256 = (head: object, claims = payload) => {
      const input = `${encode(head)}.${claims}`;
      return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
    };
    const hmac = `${encode({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}`;
    for (const token of [
      `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${payload}.`,
      `${hmac}.${createHmac('sha256', JSON.stringify(jwks.keys[0])).update(hmac).digest('base64url')}`,
      rs256({ alg: 'RS256', typ: 'at+jwt', kid }),
      rs256({ alg: 'RS256', typ: 'at+jwt', kid: '../../../dev/null' }),
      rs256({ alg: 'RS256', typ: 'at+jwt', jku: 'http://127.0.0.1:1/jwks' }),
      rs256({ alg: 'RS256', typ: 'at+jwt', jwk: publicKey.export({ format: 'jwk' }) }),
      `${header}.${encode({ ...decodeJwt(flow.tokens.access_token), sub: 'github:1' })}.${flow.tokens.access_token.split('.')[2] ?? ''}`,
    ])
      expect((await send('echo', call('echo', {}), bearer(token))).status).toBe(401);
  });

  it('no header of a client chooses the service, and a strange Host is refused', async () => {
    const headers = {
      ...bearer(flow.tokens.access_token),
      'x-forwarded-uri': '/echo-stateless/mcp',
      'x-forwarded-host': 'echo-stateless.localhost',
      'x-original-url': '/echo-stateless/mcp',
      'x-rewrite-url': '/echo-stateless/mcp',
      'x-mcpgw-service': 'echo-stateless',
    };
    expect((await send('echo-stateful', call('echo', {}), headers)).status).toBe(401);
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example'])
      expect(await raw('/echo-stateless/mcp', { host, ...bearer(flow.tokens.access_token) })).toBe(421);
    for (const path of [
      '/echo-stateless/../echo-stateful/mcp',
      '/echo-stateless/%2e%2e/echo-stateful/mcp',
      '//echo-stateful/mcp',
    ])
      expect([400, 401, 404]).toContain(
        await raw(path, { host: new URL(dev.issuer).host, ...bearer(flow.tokens.access_token) }),
      );
  });

  it('identity headers from outside are not believed, and /verify is not there', async () => {
    const headers = {
      ...bearer(flow.tokens.access_token),
      'x-user-id': 'github:1',
      'x-user-name': 'mallory',
      'x-client-id': 'mallory',
      'x-mcpgw-context': 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtYWxsb3J5In0.',
    };
    const response = await send('echo', call('authContext', {}), headers);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain('local:');
    expect(text).not.toMatch(/mallory|github:1/);
    for (const path of [
      '/verify/echo-stateless',
      '/verify',
      '/health',
      '/metrics',
      '/internal/admin',
      '/admin/clients',
    ])
      expect((await fetch(dev.issuer + path, { headers })).status, path).toBe(404);
  });

  it('a session that is not one’s own is 404', async () => {
    const { tokens } = await signedIn({ authorize: { resource: test.resource('echo-stateful') } });
    const session = await opened(tokens.access_token);
    expect(session).not.toBe('');
    const message = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
    const own = await send('echo-stateful', message, {
      ...bearer(tokens.access_token),
      'mcp-session-id': session,
    });
    expect(own.status).toBe(200);
    for (const id of [`${session.slice(0, -1)}0`, 'made-up', '../x', '0'.repeat(36)]) {
      if (id === session) continue;
      const answer = await send('echo-stateful', message, {
        ...bearer(tokens.access_token),
        'mcp-session-id': id,
      });
      expect(answer.status).toBe(404);
    }
    // Knowing the session is not being signed in.
    expect((await send('echo-stateful', message, { 'mcp-session-id': session })).status).toBe(401);
  });
});

describe('what the reference system does wrong', () => {
  it('an answer of 200 kB does not end a session', async () => {
    const { tokens } = await signedIn({ authorize: { resource: test.resource('echo-stateful') } });
    const headers = { ...bearer(tokens.access_token), 'mcp-session-id': await opened(tokens.access_token) };
    const message = 'x'.repeat(200_000);
    for (let round = 0; round < 2; round++) {
      const response = await send('echo-stateful', call('echo', { message }), headers);
      expect([response.status, (await response.text()).includes(message)]).toEqual([200, true]);
    }
  });

  it('GET, DELETE, a notification and a batch are served', async () => {
    const { tokens } = await signedIn({ authorize: { resource: test.resource('echo-stateful') } });
    const headers = { ...bearer(tokens.access_token), 'mcp-session-id': await opened(tokens.access_token) };
    const notified = await send(
      'echo-stateful',
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      headers,
    );
    expect([notified.status, await notified.text()]).toEqual([202, '']);
    const batch = await send(
      'echo-stateful',
      [call('echo', { message: 'one' }), { ...call('echo', { message: 'two' }), id: 2 }],
      headers,
    );
    expect([batch.status, await batch.text()]).toEqual([
      200,
      expect.stringMatching(/one[\s\S]*two|two[\s\S]*one/),
    ]);
    const url = test.resource('echo-stateful');
    const stream = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' } });
    expect([stream.status, stream.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/event-stream'),
    ]);
    await stream.body?.cancel();
    expect([200, 204]).toContain((await fetch(url, { method: 'DELETE', headers })).status);
    expect((await send('echo-stateful', call('echo', {}), headers)).status).toBe(404);
  });
});

describe('after all that', () => {
  it('nothing of all that is in the output', () => {
    expect(secrets.length).toBeGreaterThan(20);
    for (const secret of secrets) if (secret) expect(dev.output()).not.toContain(secret);
    expect(dev.output()).not.toMatch(/Unhandled|TypeError|server_error/);
  });
});
