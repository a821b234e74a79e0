import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressRule } from '../../../../runtime/services/fetchs/http/allowed-hosts.ts';

const none = () => new Set<string>();

describe('where connections may lead', () => {
  it('is public, and not this machine itself', () => {
    const rule = addressRule([], () => new Set(['8.8.4.4', '2a00::1']));
    expect(rule('8.8.8.8', 'a.example')).toBe(true);
    expect(rule('8.8.4.4', 'a.example')).toBe(false);
    expect(rule('2a00::1', 'a.example')).toBe(false);
  });

  it('is an address or range that the operator names, under whatever name', () => {
    const rule = addressRule(['10.1.0.0/16', '192.168.7.7', 'fd12::/32'], none);
    for (const address of ['10.1.2.3', '192.168.7.7', 'fd12::5'])
      expect(rule(address, 'a.example')).toBe(true);
    for (const address of ['10.2.0.1', '192.168.7.8', 'fd13::5', '::ffff:10.1.2.3', 'fd12::5%eth0', '', 'x'])
      expect(rule(address, 'a.example')).toBe(false);
  });

  it('is where a name leads that the operator names, in any case and with a dot at its end', () => {
    const rule = addressRule(['wiki.corp.example'], none);
    expect(rule('10.0.0.1', 'WIKI.corp.example.')).toBe(true);
    expect(rule('10.0.0.1', 'wiki.corp')).toBe(false);
    expect(rule('169.254.169.254', 'wiki.corp.example')).toBe(false);
    expect(rule('fd00:ec2::254', 'wiki.corp.example')).toBe(false);
  });

  it('is nowhere private by default, whatever the address', () => {
    const rule = addressRule([], none);
    const prefix = fc.constantFrom('10.', '127.', '0.', '169.254.', '192.168.', '172.16.', '100.64.');
    fc.assert(
      fc.property(prefix, fc.ipV4(), (start, rest) => {
        const address = [...start.split('.').filter(Boolean), ...rest.split('.')].slice(0, 4).join('.');
        expect(rule(address, 'a.example')).toBe(false);
        expect(rule(`::ffff:${address}`, 'a.example')).toBe(false);
      }),
    );
  });
});
