import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlaps, parseRange, routesIn } from '../../../cli/doctor/cidr.ts';

describe('ranges', () => {
  it('have a first and a last address', () => {
    expect(parseRange('10.0.0.7/8')).toEqual({ first: 10 * 2 ** 24, last: 11 * 2 ** 24 - 1 });
    expect(parseRange('0.0.0.0/0')).toEqual({ first: 0, last: 2 ** 32 - 1 });
    expect(parseRange('1.2.3.4')).toEqual(parseRange('1.2.3.4/32'));
  });

  it.each(['', '10.0.0/8', '10.0.0.256/8', '10.0.0.0/33', 'fe80::1/64'])('do not come from %j', (text) => {
    expect(parseRange(text)).toBeUndefined();
  });

  it('overlap both ways', () => {
    const range = fc.tuple(fc.nat(2 ** 16 - 1), fc.integer({ min: 8, max: 32 })).map(([bits, prefix]) => {
      const cidr = `10.0.${bits >> 8}.${bits & 255}/${prefix}`;
      const parsed = parseRange(cidr);
      if (parsed === undefined) throw new Error(cidr);
      return parsed;
    });
    fc.assert(fc.property(range, range, (a, b) => overlaps(a, b) === overlaps(b, a) && overlaps(a, a)));
  });
});

describe('routes', () => {
  it('are read from /proc/net/route, but for the default one', () => {
    const text = [
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'br-1\t0000C90A\t00000000\t0001\t0\t0\t0\tF0FFFFFF\t0\t0\t0',
      'eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      '',
    ].join('\n');
    expect(routesIn(text)).toEqual(['10.201.0.0/28', '172.17.0.0/16']);
    expect(routesIn('')).toEqual([]);
  });
});
