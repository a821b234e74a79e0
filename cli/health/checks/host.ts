/** Whether a host can be reached at all: its name, and its certificate. */
import { explainCertificate } from '../../net/explain.ts';
import { type HttpClient, portOf } from '../../net/http-client.ts';
import { CheckFailure, type Finding } from '../check.ts';

const DAY_MS = 86_400_000;

/** A certificate that ends sooner is warned about: by then it should have been renewed. */
const SOON_MS = 14 * DAY_MS;

export async function checkDns(client: HttpClient, url: URL): Promise<Finding> {
  const addresses = await client.addresses(url.hostname, portOf(url));
  return { detail: addresses.join(', ') };
}

/** @param nowMs milliseconds since the epoch */
export async function checkTls(client: HttpClient, url: URL, nowMs: number): Promise<Finding> {
  const certificate = await client.certificate(url.hostname, portOf(url));
  if (!certificate.trusted) {
    const { problem, remedy } = explainCertificate(certificate.problem ?? '');
    throw new CheckFailure(`${problem} (signed by ${certificate.signedBy})`, remedy);
  }
  const leftMs = certificate.expiresAtMs - nowMs;
  const ends = new Date(certificate.expiresAtMs).toISOString().slice(0, 10);
  const detail = `${daysOf(leftMs)} left (${ends}), ${certificate.signedBy}`;
  // Certificates that live for days are renewed in their last third or so.
  const soonMs = Math.min(SOON_MS, (certificate.expiresAtMs - certificate.startsAtMs) / 4);
  if (leftMs >= soonMs) return { detail };
  return { detail, remedy: 'it should have been renewed by now: see mcpgw logs traefik' };
}

function daysOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  if (days < 1) return `${Math.max(0, Math.floor(ms / 3_600_000))} hours`;
  return days === 1 ? '1 day' : `${days} days`;
}
