import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What IANA gives out as global unicast (RFC 4291 §2.4); ranges within it with another meaning, ipaddr.js knows. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** RFC 9637: for documentation. */
const DOCUMENTATION_IPV6 = ipaddr.IPv6.parseCIDR('3fff::/20');

/** Within public ranges, and yet the inside of a cloud: Azure's WireServer, which hands out a machine's configuration. */
const INSIDE_CLOUDS = new Set(['168.63.129.16']);

/** RFC 5214 §6.1: an interface identifier that carries an IPv4 address (ISATAP). */
const ISATAP = new Set(['0:5efe', '200:5efe']);

/**
 * @param address an IP address as text
 * @returns whether it is one host on the public internet. Not so for what is local in some way (loopback, private, link-local
 *   with the clouds' metadata services, those of Azure on a public one, unique local, carrier-grade NAT), reserved or for many (multicast, broadcast), nor
 *   for an IPv6 address that stands for an IPv4 one (mapped, NAT64, 6to4, Teredo, ISATAP), whatever that is.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return ipaddr.IPv4.parse(address).range() === 'unicast' && !INSIDE_CLOUDS.has(address);
  if (family !== 6 || address.includes('%')) return false;
  const parsed = ipaddr.IPv6.parse(address);
  const identifier = parsed.parts.slice(4, 6).map((part) => part.toString(16));
  if (ISATAP.has(identifier.join(':'))) return false;
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_IPV6) && !parsed.match(DOCUMENTATION_IPV6);
}
