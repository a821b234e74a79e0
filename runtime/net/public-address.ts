import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What IANA gives out as global unicast (RFC 4291 §2.4); ranges within it with another meaning, ipaddr.js knows. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** RFC 9637: for documentation. */
const DOCUMENTATION_IPV6 = ipaddr.IPv6.parseCIDR('3fff::/20');

/**
 * @param address an IP address as text
 * @returns whether it is one host on the public internet. Not so for what is local in some way (loopback, private, link-local
 *   with the clouds' metadata services, unique local, carrier-grade NAT), reserved or for many (multicast, broadcast), nor
 *   for an IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4, Teredo), whatever that is.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return ipaddr.IPv4.parse(address).range() === 'unicast';
  if (family !== 6 || address.includes('%')) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_IPV6) && !parsed.match(DOCUMENTATION_IPV6);
}
