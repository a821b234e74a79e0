/**
 * Small subnets for the stack's networks. The engine's own pools are 31 and a stack takes a dozen, so each network gets
 * a /28 (13 containers) of `NETWORK_RANGE`. A service's place follows from its name, so that one more service in the
 * catalog does not move the networks of the others, which would recreate their containers.
 */
import { createHash } from 'node:crypto';
import { ConfigError } from '../../runtime/config/faults.ts';

const PREFIX = 28;
const SIZE = 2 ** (32 - PREFIX);

/**
 * @param range IPv4 range, a network address with its prefix
 * @param fixed names that have the first places, in this order
 * @param named names that are placed by their hash
 * @throws ConfigError when the range is too small
 */
export function subnets(
  range: string,
  fixed: readonly string[],
  named: readonly string[],
): Map<string, string> {
  const [address = '', prefix = ''] = range.split('/');
  const start = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const places = 2 ** (PREFIX - Number(prefix));
  const free = places - fixed.length;
  if (named.length > free) {
    throw new ConfigError([
      {
        key: 'NETWORK_RANGE',
        problem: `has room for ${free} services, not for ${named.length}`,
        example: '10.201.0.0/20',
      },
    ]);
  }
  const taken = new Map(fixed.map((name, place) => [name, place]));
  const used = new Set(taken.values());
  for (const name of [...named].sort()) {
    let place = fixed.length + (hash(name) % free);
    while (used.has(place)) place = place + 1 < places ? place + 1 : fixed.length;
    used.add(place);
    taken.set(name, place);
  }
  return new Map([...taken].map(([name, place]) => [name, `${dotted(start + place * SIZE)}/${PREFIX}`]));
}

function hash(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0);
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
