import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../runtime/net/public-address.ts';

describe('public addresses', () => {
  it.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:82a::200e'])(
    '%s is one',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '10.0.0.1', '172.16.0.1', '172.31.255.255'],
    ...['192.168.1.1', '169.254.169.254', '100.64.0.1', '100.127.255.254', '192.0.0.192', '192.0.2.1'],
    ...['168.63.129.16', '100.100.100.200', '192.88.99.1', '2a00::5efe:7f00:1', '2a00::200:5efe:a00:1'],
    ...['198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::8.8.8.8',
      '64:ff9b::7f00:1',
      '64:ff9b::808:808',
    ],
    ...['64:ff9b:1::1', '2002:7f00:1::', '2002:808:808::1', '2001::1', '2001:0:808:808::', '2001:db8::1'],
    ...['3fff::1', 'fc00::1', 'fd00:ec2::254', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', '100::1'],
    ...['5f00::1', '4000::1', '', 'localhost', '8.8.8.8:443', '0x7f.1', '127.1', '2130706433', '010.0.0.1'],
  ])('%s is none', (address) => expect(isPublicAddress(address)).toBe(false));

  it('no IPv6 address that stands for an IPv4 one is', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        for (const prefix of ['::ffff:', '::', '64:ff9b::', '64:ff9b:1::'])
          expect(isPublicAddress(prefix + address)).toBe(false);
      }),
    );
  });
});
