import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createAdminTokenCheck, signAdminToken } from '../../../runtime/auth/admin/token.ts';
import { deriveKey } from '../../../runtime/config/secrets.ts';
import { ROOT_SECRET } from '../../helpers/oauth-server.ts';

const NOW_MS = Date.UTC(2026, 10, 24);
const opens = createAdminTokenCheck(ROOT_SECRET);
const key = deriveKey(ROOT_SECRET, 'admin');

interface Variant {
  audience?: string;
  typ?: string;
  iat?: number;
  exp?: number;
  key?: Uint8Array;
}

/** As `signAdminToken` makes it, but for what a test changes. */
function variant(change: Variant): Promise<string> {
  const iat = change.iat ?? NOW_MS / 1000;
  return new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: change.typ ?? 'mcpgw-admin+jwt' })
    .setAudience(change.audience ?? 'mcpgw-admin')
    .setIssuedAt(iat)
    .setExpirationTime(change.exp ?? iat + 60)
    .sign(change.key ?? key);
}

function unsigned(): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'mcpgw-admin', iat: NOW_MS / 1000, exp: NOW_MS / 1000 + 60 };
  return `${encode({ alg: 'none', typ: 'mcpgw-admin+jwt' })}.${encode(claims)}.`;
}

/** HS512 under the right key. */
function otherAlgorithm(): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { aud: 'mcpgw-admin', iat: NOW_MS / 1000, exp: NOW_MS / 1000 + 60 };
  const input = `${encode({ alg: 'HS512', typ: 'mcpgw-admin+jwt' })}.${encode(claims)}`;
  return `${input}.${createHmac('sha512', key).update(input).digest('base64url')}`;
}

describe('an admin token', () => {
  it('opens for a minute', async () => {
    const token = await signAdminToken(ROOT_SECRET, NOW_MS);
    expect(await opens(token, NOW_MS)).toBe(true);
    expect(await opens(token, NOW_MS + 59_000)).toBe(true);
    expect(await opens(token, NOW_MS + 60_000)).toBe(false);
  });

  it('is what the variants of the next test vary', async () => {
    expect(await opens(await variant({}), NOW_MS)).toBe(true);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['under another root secret', () => signAdminToken(`${ROOT_SECRET}x`, NOW_MS)],
    ['under the key of another purpose', () => variant({ key: deriveKey(ROOT_SECRET, 'csrf') })],
    ['for another audience', () => variant({ audience: 'mcpgw' })],
    ['of another type', () => variant({ typ: 'at+jwt' })],
    [
      'that claims an hour and is two minutes old',
      () => variant({ iat: NOW_MS / 1000 - 120, exp: NOW_MS / 1000 + 3480 }),
    ],
    ['of the future', () => variant({ iat: NOW_MS / 1000 + 30 })],
    ['without a signature', unsigned],
    ['with another algorithm', otherAlgorithm],
    ['that is none', () => 'token'],
    ['that is empty', () => ''],
  ])('does not open %s', async (_, make) => {
    expect(await opens(await make(), NOW_MS)).toBe(false);
  });
});
