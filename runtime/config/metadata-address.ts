/** Addresses at which clouds hand out credentials to whoever asks from inside: no operator means those. */
import ipaddr from 'ipaddr.js';

/** Amazon's over IPv6, Alibaba's, Azure's WireServer, Oracle's, Scaleway's and Google's over IPv6. */
const SINGLE = new Set([
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:c1::a9fe:a9fe',
  'fd00:42::42',
  'fd20:ce::254',
]);

/** Prefixes of IPv6 addresses with an IPv4 one in their last 32 bits (NAT64, RFC 6052 and RFC 8215). */
const NAT64 = [ipaddr.IPv6.parseCIDR('64:ff9b::/96'), ipaddr.IPv6.parseCIDR('64:ff9b:1::/48')];

/**
 * @param address an IP address as text
 * @returns whether a connection that an operator asked for may lead there: private ones as well as public ones, but
 *   none that is link-local (every cloud's metadata service is at 169.254.0.0/16), for many, or nobody's
 */
export function isOperatorAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (SINGLE.has(parsed.toString())) return false;
  if (parsed.kind() === 'ipv6') {
    const inner = innerIpv4(parsed as ipaddr.IPv6);
    if (inner !== undefined) return isOperatorAddress(inner);
  }
  return !['linkLocal', 'multicast', 'broadcast', 'unspecified', 'reserved'].includes(parsed.range());
}

/** The IPv4 address that an IPv6 one stands for. */
function innerIpv4(address: ipaddr.IPv6): string | undefined {
  const { parts } = address;
  const at = (index: number) => `${(parts[index] ?? 0) >> 8}.${(parts[index] ?? 0) & 255}`;
  if (NAT64.some((range) => address.match(range))) return `${at(6)}.${at(7)}`;
  return address.range() === '6to4' ? `${at(1)}.${at(2)}` : undefined;
}
