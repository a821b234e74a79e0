/** Where connections may lead: to public addresses, and to what the operator has named. */
import { networkInterfaces } from 'node:os';
import { BlockList, isIP } from 'node:net';
import { isOperatorAddress } from '../../../config/metadata-address.ts';
import { isPublicAddress } from '../../../net/public-address.ts';

/**
 * @param allowed names, addresses and ranges (CIDR) that may be fetched from though they are not public. A name may then
 *   lead to private addresses, but for metadata services; those only an address or range lets in.
 * @param own addresses of this machine, where a public one leads behind its firewall
 * @returns whether a connection may lead to `address`, for which the URL has `hostname`
 */
export function addressRule(
  allowed: readonly string[],
  own: () => ReadonlySet<string> = ownAddresses,
): (address: string, hostname: string) => boolean {
  const isRange = (entry: string) => isIP(entry.split('/', 1)[0] ?? '') !== 0;
  const ranges = blockList(allowed.filter(isRange));
  const names = new Set(allowed.filter((entry) => !isRange(entry)).map(nameOf));
  return (address, hostname) => {
    if (isPublicAddress(address) && !own().has(address)) return true;
    if (isIP(address) === 0 || address.includes('%')) return false;
    if (contains(ranges, address)) return true;
    return isIP(hostname) === 0 && names.has(nameOf(hostname)) && isOperatorAddress(address);
  };
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  // A BlockList takes a mapped address for the IPv4 one; what stands for another is let in by neither.
  if (isIP(address) === 6 && /^[0:]*:ffff:/i.test(address)) return false;
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)),
  );
}
