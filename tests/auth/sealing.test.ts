import { describe, expect, it } from 'vitest';
import { createSealer } from '../../runtime/auth/sealing.ts';
import { secretKey } from '../../runtime/auth/secret-key.ts';
import { ROOT_SECRET } from '../helpers/oauth-server.ts';

const sealer = createSealer(secretKey(ROOT_SECRET, 'at-rest'));

describe('invariant 9: what is sealed', () => {
  it('opens for what it belongs to, and looks like nothing', () => {
    const sealed = sealer.seal('{"access_token":"ä"}', 'grant 1');
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(sealed).not.toBe(sealer.seal('{"access_token":"ä"}', 'grant 1'));
    expect(sealer.open(sealed, 'grant 1')).toBe('{"access_token":"ä"}');
  });

  it('does not open elsewhere, changed, cut, or under another key', () => {
    const sealed = sealer.seal('secret', 'grant 1');
    const other = createSealer(secretKey(`${ROOT_SECRET}x`, 'at-rest'));
    expect(() => sealer.open(sealed, 'grant 2')).toThrow();
    expect(() => other.open(sealed, 'grant 1')).toThrow();
    expect(() => sealer.open('', 'grant 1')).toThrow();
    expect(() => sealer.open(sealed.slice(0, 20), 'grant 1')).toThrow();
    for (let at = 0; at < Buffer.from(sealed, 'base64url').length; at++) {
      const bytes = Buffer.from(sealed, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      expect(() => sealer.open(bytes.toString('base64url'), 'grant 1')).toThrow();
    }
  });
});
