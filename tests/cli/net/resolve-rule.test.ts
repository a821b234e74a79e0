import { describe, expect, it } from 'vitest';
import { parseResolve } from '../../../cli/net/resolve-rule.ts';

describe('--resolve', () => {
  it('takes IPv4 and IPv6, with and without brackets', () => {
    expect(parseResolve(['Auth.Example.com:443:127.0.0.1', 'a.test:8443:[::1]', 'b.test:1:fe80::1'])).toEqual(
      [
        { host: 'auth.example.com', port: 443, address: '127.0.0.1' },
        { host: 'a.test', port: 8443, address: '::1' },
        { host: 'b.test', port: 1, address: 'fe80::1' },
      ],
    );
  });

  it.each([
    'a.test',
    'a.test:443',
    'a.test:443:',
    'a.test:x:127.0.0.1',
    'a.test:0:127.0.0.1',
    'a.test:65536:127.0.0.1',
  ])('refuses %s', (text) => {
    expect(() => parseResolve([text])).toThrow(/must be HOST:PORT:ADDRESS/);
  });

  it.each(['a.test:443:other.test', 'a.test:443:127.0.0', ':443:127.0.0.1'])('refuses %s', (text) => {
    expect(() => parseResolve([text])).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});
