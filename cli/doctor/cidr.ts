/** Ranges of IPv4 addresses. */

export interface Range {
  /** The first and the last address, as numbers. */
  first: number;
  last: number;
}

/** @param cidr `10.0.0.0/8`; bits behind the prefix are ignored */
export function parseRange(cidr: string): Range | undefined {
  const [, address = '', prefix = '32'] = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/(\d{1,2}))?$/.exec(cidr) ?? [];
  const octets = address.split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => octet > 255) || Number(prefix) > 32) return undefined;
  const size = 2 ** (32 - Number(prefix));
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** @param text of `/proc/net/route` @returns `address/prefix` of each route but the default one */
export function routesIn(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination = '', , , , , , mask = ''] = line.split('\t');
      if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask)) return [];
      const prefix = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
      return prefix === 0 ? [] : [`${littleEndian(destination)}/${prefix}`];
    });
}

/** The kernel writes the bytes in the machine's order, which is little-endian wherever Docker runs. */
function littleEndian(hex: string): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}
