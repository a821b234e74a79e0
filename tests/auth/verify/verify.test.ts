import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { secretKey } from '../../../runtime/auth/secret-key.ts';
import { createSealer } from '../../../runtime/auth/sealing.ts';
import { verifyContext } from '../../../runtime/config/context.ts';
import { deriveKey } from '../../../runtime/config/secrets.ts';
import { resourceMetadataUrl } from '../../../runtime/config/topology.ts';
import { decodeJwt, signIn, type Tokens } from '../../helpers/oauth-flow.ts';
import { ROOT_SECRET, startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
let tokens: Tokens;
const started: TestAuth[] = [];
beforeEach(async () => {
  test = await startTestAuth();
  started.push(test);
  ({ tokens } = await signIn(test));
});
afterAll(async () => {
  for (const each of started) await each.close();
});

const verify = (service: string, token?: string) =>
  test.auth.verify({ service, ...(token !== undefined && { authorization: `Bearer ${token}` }) });
const statusOf = async (service: string, token?: string) => (await verify(service, token)).status;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function otherKeyPem(): string {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
}

/** A token signed with the server's own key. */
async function forge(claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
  const [key] = await test.store.listKeys();
  if (key === undefined) throw new Error('no key');
  const pem = createSealer(secretKey(ROOT_SECRET, 'at-rest')).open(
    key.sealedPrivateKey,
    `signing-key:${key.kid}`,
  );
  const input = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: key.kid, ...header })}.${encode({ ...decodeJwt(tokens.access_token), ...claims })}`;
  return `${input}.${sign('sha256', Buffer.from(input), pem).toString('base64url')}`;
}

describe('/verify', () => {
  it('passes a good token, with who it is in headers that the service can trust', async () => {
    const result = await verify('echo', tokens.access_token);
    const claims = decodeJwt(tokens.access_token);
    expect(result).toMatchObject({
      status: 200,
      headers: { 'x-user-id': 'local:alice', 'x-user-name': 'alice', 'x-client-id': claims.client_id },
    });
    const header = result.headers['x-mcpgw-context'];
    const nowSeconds = test.clock.now() / 1000;
    expect(verifyContext(header, deriveKey(ROOT_SECRET, 'context:echo'), 'echo', nowSeconds)).toMatchObject({
      sub: 'local:alice',
      name: 'alice',
      groups: [],
      clientId: claims.client_id,
      scope: 'mcp:echo',
    });
    expect(
      verifyContext(header, deriveKey(ROOT_SECRET, 'context:fetch'), 'fetch', nowSeconds),
    ).toBeUndefined();
    expect(JSON.stringify(result)).not.toContain(tokens.access_token);
  });

  it('keeps its signed context young', async () => {
    const key = deriveKey(ROOT_SECRET, 'context:echo');
    for (let elapsed = 0; elapsed < 300_000; elapsed += 7_000) {
      const { headers } = await verify('echo', tokens.access_token);
      const context = verifyContext(headers['x-mcpgw-context'], key, 'echo', test.clock.now() / 1000);
      expect((context?.exp ?? 0) - test.clock.now() / 1000).toBeGreaterThan(25);
      test.clock.advance(7_000);
    }
  });

  it('answers known tokens synchronously, without asking the store', async () => {
    await verify('echo', tokens.access_token);
    test.store.calls.length = 0;
    for (let index = 0; index < 100; index++)
      expect(verify('echo', tokens.access_token)).not.toBeInstanceOf(Promise);
    expect(test.store.calls).toEqual([]);
  });

  it('percent-encodes a name that no header can carry', async () => {
    const forged = await forge({ sub: 'local:alice', name: 'alice' });
    expect(await statusOf('echo', forged)).toBe(200);
    const other = await startTestAuth({
      settings: { identityProviders: [{ kind: 'local', userName: 'Jürgen\r\nx: y%' }] },
    });
    started.push(other);
    const signedIn = await signIn(other);
    const result = await other.auth.verify({
      service: 'echo',
      authorization: `Bearer ${signedIn.tokens.access_token}`,
    });
    expect(result.headers['x-user-name']).toBe('J%C3%BCrgen%0D%0Ax: y%25');
    const response = await fetch(other.resource('echo'), {
      headers: { authorization: `Bearer ${signedIn.tokens.access_token}` },
    });
    expect(response.status).toBe(200);
  });

  it('knows no other services', async () => {
    for (const service of ['', 'nothing', '__proto__', 'constructor', 'ECHO'])
      expect(await statusOf(service, tokens.access_token)).toBe(404);
  });

  it('says the same over HTTP', async () => {
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const passed = await test.auth.app.inject({ url: '/verify/echo', headers });
    expect([passed.statusCode, passed.headers['x-user-id'], passed.body]).toEqual([200, 'local:alice', '']);
    const refused = await test.auth.app.inject({ url: '/verify/echo' });
    expect([refused.statusCode, refused.json()]).toEqual([
      401,
      expect.objectContaining({ error: 'invalid_token' }),
    ]);
    expect((await test.auth.app.inject({ url: '/verify/nothing', headers })).statusCode).toBe(404);
    test.store.down = true;
    test.clock.advance(60_000);
    const down = await test.auth.app.inject({ url: '/verify/echo', headers });
    expect([down.statusCode, down.headers['retry-after']]).toEqual([503, '5']);
  });
});

describe('invariant 5: a token is for the resources that it names', () => {
  it('and refused elsewhere', async () => {
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    expect(await verify('fetch', tokens.access_token)).toMatchObject({
      status: 401,
      body: { error: 'invalid_token' },
    });
  });

  it('compares the audience exactly', async () => {
    const resource = test.resource('echo');
    expect(await statusOf('echo', await forge({ aud: [resource, 'x'] }))).toBe(200);
    for (const aud of [
      `${resource}/`,
      resource.slice(0, -1),
      test.origin,
      '*',
      [],
      [[resource]],
      {},
      undefined,
      null,
    ]) {
      expect(await statusOf('echo', await forge({ aud }))).toBe(401);
    }
  });

  it('whose scope must cover the service', async () => {
    for (const scope of ['mcp:*', 'mcp:echo', 'offline_access mcp:echo']) {
      expect(await statusOf('echo', await forge({ scope }))).toBe(200);
    }
    for (const scope of ['', 'mcp:fetch', 'mcp:echo2', 'mcp:', 'offline_access', '*']) {
      const result = await verify('echo', await forge({ scope }));
      expect(result).toMatchObject({ status: 403, body: { error: 'insufficient_scope' } });
      expect(result.headers['www-authenticate']).toMatch(
        /^Bearer error="insufficient_scope", .*resource_metadata=".*", scope="mcp:echo"$/,
      );
    }
  });
});

describe('invariant 9: only RS256 with a known kid', () => {
  it('refuses every other header', async () => {
    const [header = '', payload = '', signature = ''] = tokens.access_token.split('.');
    const kid = (JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }).kid;
    const jwk = (await test.store.listKeys())[0]?.publicJwk;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signed = (head: object, make: (input: string) => string) => {
      const input = `${encode(head)}.${payload}`;
      return `${input}.${make(input)}`;
    };
    const foreign = (input: string) =>
      sign('sha256', Buffer.from(input), rsa.privateKey).toString('base64url');
    for (const token of [
      signed({ alg: 'none', typ: 'at+jwt', kid }, () => ''),
      signed({ alg: 'none', typ: 'at+jwt', kid }, () => 'AA'),
      signed({ alg: 'HS256', typ: 'at+jwt', kid }, (input) =>
        createHmac('sha256', JSON.stringify(jwk)).update(input).digest('base64url'),
      ),
      signed({ alg: 'RS256', typ: 'at+jwt', kid }, foreign),
      signed({ alg: 'RS256', typ: 'at+jwt', kid: 'other' }, foreign),
      signed({ alg: 'RS256', typ: 'at+jwt', kid, jwk: rsa.publicKey.export({ format: 'jwk' }) }, foreign),
      await forge({}, { typ: 'JWT' }),
      await forge({}, { alg: 'RS512' }),
      await forge({}, { kid: undefined }),
      await forge({}, { kid: 'other' }),
      await forge({}, { crit: ['exp'] }),
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.x`,
      `${header}.${encode({ ...decodeJwt(tokens.access_token), sub: 'local:bob' })}.${signature}`,
      `${header}.${encode([])}.${signature}`,
      'x.y.z',
      'a'.repeat(20_000),
    ]) {
      expect(await statusOf('echo', token)).toBe(401);
    }
  });

  it('checks issuer, times and the form of every claim', async () => {
    const nowSeconds = Math.floor(test.clock.now() / 1000);
    for (const claims of [
      { iss: 'https://other.example' },
      { exp: nowSeconds },
      { exp: String(nowSeconds + 100) },
      { exp: undefined },
      { gid: undefined },
      { sub: 5 },
      { scope: ['mcp:echo'] },
      { groups: 'admin' },
      { name: 'bob' },
      { sub: 'github:1' },
    ]) {
      expect(await statusOf('echo', await forge(claims))).toBe(401);
    }
  });

  it('expires, known or not', async () => {
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    test.clock.advance(3_600_000);
    expect(await statusOf('echo', tokens.access_token)).toBe(401);
  });

  it('drops known tokens of a key that was taken out', async () => {
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    const other = await startTestAuth({ settings: { seedPrivateKeyPem: otherKeyPem() } });
    started.push(other);
    const keys = await other.store.listKeys();
    test.store.listKeys = () => Promise.resolve(keys);
    test.clock.advance(61_000);
    // The set is looked at in the background, so the first request after the minute may still pass.
    await statusOf('echo', tokens.access_token);
    test.clock.advance(1_001);
    expect(await statusOf('echo', tokens.access_token)).toBe(401);
  });

  it.each(['', 'Bearer', 'Bearer ', 'Basic x', 'bearer', 'Token x', 'Bearer a b', 'Bearer a,b', ' Bearer x'])(
    'refuses Authorization: %j',
    async (authorization) => {
      expect((await test.auth.verify({ service: 'echo', authorization })).status).toBe(401);
    },
  );
});

describe('revocation reaches a known token within a second', () => {
  it.each([
    ['grant', () => test.store.revokeGrant(String(decodeJwt(tokens.access_token).gid))],
    ['client', () => test.store.deleteClient(String(decodeJwt(tokens.access_token).client_id))],
    ['person', () => test.store.revokeUser('local:alice', test.clock.now())],
  ])('%s', async (_name, end) => {
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    test.clock.advance(1);
    await end();
    test.clock.advance(1_000);
    expect(await statusOf('echo', tokens.access_token)).toBe(401);
    expect(await statusOf('echo', tokens.access_token)).toBe(401);
  });

  it.each([
    ['grant', () => test.store.revokeGrant(String(decodeJwt(tokens.access_token).gid))],
    ['client', () => test.store.deleteClient(String(decodeJwt(tokens.access_token).client_id))],
    ['person', () => test.store.revokeUser('local:alice', test.clock.now() + 1)],
  ])('%s: at once, by the notice of the store', async (_name, end) => {
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    await end();
    // The clock stands still: without the notice nothing would be read again.
    await vi.waitFor(async () => expect(await statusOf('echo', tokens.access_token)).toBe(401));
  });

  it('a token whose end was told does not pass with the store down', async () => {
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    await test.store.revokeGrant(String(decodeJwt(tokens.access_token).gid));
    test.store.down = true;
    await vi.waitFor(async () => expect(await statusOf('echo', tokens.access_token)).toBe(503));
  });

  it('with one reading for all who wait', async () => {
    await verify('echo', tokens.access_token);
    test.clock.advance(1_001);
    test.store.calls.length = 0;
    const results = await Promise.all(
      Array.from({ length: 50 }, async () => verify('echo', tokens.access_token)),
    );
    expect(results.every(({ status }) => status === 200)).toBe(true);
    expect(test.store.calls.filter((call) => call !== 'listKeys')).toEqual(['standing']);
  });
});

describe('invariant 13: with the store down', () => {
  it('trusts a token for 5 s after its last reading, then answers 503 with Retry-After', async () => {
    await verify('echo', tokens.access_token);
    test.store.down = true;
    for (let elapsed = 0; elapsed < 4_999; elapsed += 500) {
      expect(await statusOf('echo', tokens.access_token)).toBe(200);
      test.clock.advance(500);
    }
    test.clock.advance(500);
    const result = await verify('echo', tokens.access_token);
    expect(result).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { error: 'temporarily_unavailable' },
    });
    expect(result.headers['www-authenticate']).toBeUndefined();
    test.store.down = false;
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
  });

  it('passes no token that it does not know, and still refuses bad ones', async () => {
    test.store.down = true;
    expect(await statusOf('echo', tokens.access_token)).toBe(503);
    expect(await statusOf('echo', 'x.y.z')).toBe(401);
    expect(await statusOf('echo')).toBe(401);
  });

  it('does not stretch the 5 s by asking often', async () => {
    await verify('echo', tokens.access_token);
    test.store.down = true;
    test.clock.advance(4_900);
    expect(await statusOf('echo', tokens.access_token)).toBe(200);
    test.clock.advance(100);
    expect(await statusOf('echo', tokens.access_token)).toBe(503);
  });
});

describe('invariant 11: the challenge names the metadata', () => {
  it('without an error where no token was presented', async () => {
    const result = await verify('echo');
    expect(result.status).toBe(401);
    const metadata = resourceMetadataUrl(test.settings.topology, 'echo');
    expect(result.headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${metadata}", scope="mcp:echo"`,
    );
  });

  it('with one where a token was', async () => {
    const result = await verify('fetch', 'x.y.z');
    expect(result.headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token", error_description="[^"]+", resource_metadata="[^"]+", scope="mcp:fetch"$/,
    );
  });
});
