import { expect, test } from 'vitest';
import { isOperatorAddress } from '../../runtime/config/metadata-address.ts';

test.each([
  '127.0.0.1',
  '::1',
  '10.1.2.3',
  '192.168.0.7',
  '100.64.0.1',
  'fd12::1',
  '93.184.216.34',
  '2606:4700::1',
  '::ffff:10.0.0.1',
])('%s may be a server of the operator', (address) => expect(isOperatorAddress(address)).toBe(true));

test.each([
  ...['169.254.169.254', '169.254.170.2', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', '64:ff9b::a9fe:a9fe'],
  ...['2002:a9fe:a9fe::1', 'fe80::1', 'fd00:ec2::254', 'fd00:EC2:0::254', '100.100.100.200', '168.63.129.16'],
  ...['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '255.255.255.255', '240.0.0.1', '', 'example.com'],
])('%s may not', (address) => expect(isOperatorAddress(address)).toBe(false));
