import { describe, expect, it } from 'vitest';
import {
  isGenuine,
  makeRefreshToken,
  parseRefreshToken,
} from '../../../runtime/auth/tokens/refresh-tokens.ts';
import { secretKey } from '../../../runtime/auth/secret-key.ts';
import { ROOT_SECRET } from '../../helpers/oauth-server.ts';

const key = secretKey(ROOT_SECRET, 'refresh-token');
const grant = { id: 'grant-id-1', salt: 'salt' };

describe('invariant 3: refresh tokens', () => {
  it('are genuine for their grant, generation, salt and key alone', () => {
    const token = parseRefreshToken(makeRefreshToken(grant, 3, key));
    if (token === undefined) throw new Error('not parsed');
    expect(token.generation).toBe(3);
    expect(isGenuine(token, grant, key)).toBe(true);
    expect(isGenuine({ ...token, generation: 4 }, grant, key)).toBe(false);
    expect(isGenuine(token, { ...grant, id: 'grant-id-2' }, key)).toBe(false);
    expect(isGenuine(token, { ...grant, salt: 'other' }, key)).toBe(false);
    expect(isGenuine(token, grant, secretKey(ROOT_SECRET, 'csrf'))).toBe(false);
  });

  it('have one form', () => {
    const token = makeRefreshToken(grant, 1, key);
    for (const other of [
      '',
      'x',
      `${token}x`,
      ` ${token}`,
      token.replace('.1.', '.01.'),
      token.replace('.1.', '.0.'),
      token.replace('.1.', '.-1.'),
      token.replace('.1.', '.1e3.'),
    ]) {
      expect(parseRefreshToken(other)).toBeUndefined();
    }
  });
});
