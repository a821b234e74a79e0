import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeJwt, signIn } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

let test: TestAuth;
beforeAll(async () => {
  test = await startTestAuth();
});
afterAll(() => test.close());

/** Bytes of the random part that is at the end of ours. */
const bytesOf = (credential: string) => Buffer.from(credential.split('.').at(-1) ?? '', 'base64url').length;

describe('what is issued', () => {
  it('an access token has the header and the claims of RFC 9068', async () => {
    const { tokens, client } = await signIn(test);
    const header = JSON.parse(
      Buffer.from(tokens.access_token.split('.')[0] ?? '', 'base64url').toString(),
    ) as object;
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: expect.any(String) });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      iss: test.origin,
      aud: test.resource('echo'),
      sub: 'local:alice',
      client_id: client.client_id,
      scope: 'mcp:echo',
      jti: expect.any(String),
    });
    const nowSeconds = Math.floor(test.clock.now() / 1000);
    expect([claims.iat, claims.exp]).toEqual([
      nowSeconds,
      nowSeconds + test.settings.accessTokenLifetimeSeconds,
    ]);
  });

  it('no credential can be guessed: 128 random bits and more in each, none twice', async () => {
    const seen = new Set<string>();
    let count = 0;
    for (let round = 0; round < 10; round++) {
      const { tokens, answer, client } = await signIn(test);
      const { jti } = decodeJwt(tokens.access_token);
      for (const credential of [answer.get('code'), tokens.refresh_token]) {
        expect(bytesOf(credential ?? '')).toBeGreaterThanOrEqual(32);
        seen.add(credential ?? '');
      }
      // Of an id, 16 bytes in hexadecimal or base64url.
      for (const id of [jti, client.client_id]) {
        expect(String(id)).toMatch(/^([0-9a-f]{32,}|[\w-]{22,})$/);
        seen.add(String(id));
      }
      count += 4;
    }
    expect(seen.size).toBe(count);
  });
});
