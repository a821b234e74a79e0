import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeJwt, signIn } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
let token: string;
beforeAll(async () => {
  test = await startTestAuth();
  token = (await signIn(test)).tokens.access_token;
});
afterAll(() => test.close());

const statusOf = async (authorization: string) =>
  (await test.auth.verify({ service: 'echo', authorization })).status;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('invariant 9: a token', () => {
  it('a token with any part changed never passes (property)', async () => {
    expect(await statusOf(`Bearer ${token}`)).toBe(200);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(...BASE64URL, '.', '=', '+', '/', '%', ' ', 'é'),
        fc.constantFrom('replace', 'insert', 'delete', 'cut'),
        async (at, char, how) => {
          const rest = how === 'insert' ? token.slice(at) : token.slice(at + 1);
          const changed =
            {
              replace: token.slice(0, at) + char + rest,
              insert: token.slice(0, at) + char + rest,
              delete: token.slice(0, at) + rest,
              cut: token.slice(0, at),
            }[how] ?? '';
          // RFC 6750 §2.1 takes any number of spaces in front.
          fc.pre(changed.trimStart() !== token);
          expect(await statusOf(`Bearer ${changed}`)).toBe(401);
        },
      ),
      { numRuns: 1_000 },
    );
    // Nor did any of it cost the true one its place.
    expect(await statusOf(`Bearer ${token}`)).toBe(200);
  });

  it('whose signature is spelled in another way does not pass', async () => {
    const last = BASE64URL.indexOf(token.slice(-1));
    for (let bits = 1; bits < 16; bits++) {
      const respelled = token.slice(0, -1) + (BASE64URL[last ^ bits] ?? '');
      expect(Buffer.from(respelled.split('.')[2] ?? '', 'base64url')).toEqual(
        Buffer.from(token.split('.')[2] ?? '', 'base64url'),
      );
      expect(await statusOf(`Bearer ${respelled}`)).toBe(401);
    }
  });

  it('a claim of any value that was not signed never passes (property)', async () => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(claims)), fc.jsonValue(), async (name, value) => {
        const changed = JSON.stringify({ ...claims, [name]: value });
        fc.pre(changed !== JSON.stringify(claims));
        const forged = `${header}.${Buffer.from(changed).toString('base64url')}.${signature}`;
        expect(await statusOf(`Bearer ${forged}`)).toBe(401);
      }),
      { numRuns: 300 },
    );
  });

  it('a known token ends in the very millisecond that it names, not at its next reading', async () => {
    const other = await startTestAuth();
    try {
      const { tokens } = await signIn(other);
      const authorization = `Bearer ${tokens.access_token}`;
      const passes = async () => (await other.auth.verify({ service: 'echo', authorization })).status;
      const left = Number(decodeJwt(tokens.access_token).exp) * 1000 - other.clock.now();
      other.clock.advance(left - 500);
      expect(await passes()).toBe(200);
      other.clock.advance(499);
      expect(await passes()).toBe(200);
      other.clock.advance(1);
      expect(await passes()).toBe(401);
    } finally {
      await other.close();
    }
  });

  it('a token outside of the Authorization header is none', async () => {
    const url = `${test.resource('echo')}?access_token=${token}`;
    for (const init of [
      {},
      { method: 'POST', body: new URLSearchParams({ access_token: token }) },
      { headers: { cookie: `access_token=${token}` } },
      { headers: { 'x-access-token': token } },
      { headers: { 'proxy-authorization': `Bearer ${token}` } },
    ]) {
      expect((await fetch(url, init)).status).toBe(401);
    }
  });

  it('a challenge names each of its attributes once', async () => {
    for (const authorization of [undefined, 'Bearer x.y.z', `Bearer ${token}`]) {
      const result = await test.auth.verify({
        service: 'fetch',
        ...(authorization !== undefined && { authorization }),
      });
      const names = [...(result.headers['www-authenticate'] ?? '').matchAll(/([a-z_]+)="/g)].map(
        ([, name]) => name,
      );
      expect(names).toContain('resource_metadata');
      expect(new Set(names).size).toBe(names.length);
    }
  });
});
