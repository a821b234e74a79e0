/** Whether DNS knows every host of the gateway. */
import { isLoopbackHost, type Topology } from '../../../runtime/config/topology.ts';
import { type DoctorResult, failed, ok, warning } from '../check.ts';

/** @param addresses by host; none: DNS does not know it */
export function namesResult(
  topology: Topology,
  bindAddress: string,
  addresses: Map<string, string[]>,
): DoctorResult {
  const check = 'DNS';
  const hosts = [...addresses.keys()];
  const unknown = hosts.filter((host) => addresses.get(host)?.length === 0);
  if (unknown.length > 0) {
    const detail = `${unknown.length} of ${hosts.length} names are unknown: ${some(unknown)}`;
    // A gateway on loopback may be reached by names that only its own clients know.
    return isLoopbackHost(bindAddress)
      ? warning(check, detail, `${recordFor(topology)}, or add them to /etc/hosts`)
      : failed(check, detail, `${recordFor(topology)}, and wait until it is known`);
  }
  const found = [...new Set([...addresses.values()].flat())];
  const detail = `${hosts.length === 1 ? hosts[0] : `${hosts.length} names`} → ${some(found)}`;
  // Somebody who calls it localhost means this machine.
  if (!isLoopbackHost(topology.domain) && !isLoopbackHost(bindAddress) && found.every(isLoopbackHost)) {
    return warning(
      check,
      detail,
      `only this machine gets there: ${recordFor(topology)} with its public address`,
    );
  }
  return ok(check, detail);
}

function recordFor({ mode, domain }: Topology): string {
  return mode === 'path'
    ? `add a DNS record (A or AAAA) for ${domain}`
    : `add DNS records (A or AAAA); one for *.${domain} does for all`;
}

function some(values: string[]): string {
  return values.length <= 3
    ? values.join(', ')
    : `${values.slice(0, 3).join(', ')} and ${values.length - 3} more`;
}
