/** Whether this machine's clock is right: tokens and certificates depend on it. */
import type { ConfigValues } from '../../../runtime/config/schema.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { type DoctorResult, failed, ok, skipped, warning } from '../check.ts';

const CHECK = 'clock';

/** Beyond it sign-ins and certificates fail, in seconds. */
const WRONG_SECONDS = 60;
const NOTABLE_SECONDS = 5;

const REMEDY = 'let it be set from the network: sudo timedatectl set-ntp true';

/** Servers that most gateways need anyway and whose clocks are right. */
export function timeServers({ GITHUB_BASE_URL, TLS_MODE, ACME_CA_URL }: ConfigValues): string[] {
  return [
    ...(TLS_MODE === 'acme' ? [ACME_CA_URL ?? 'https://acme-v02.api.letsencrypt.org/directory'] : []),
    GITHUB_BASE_URL,
  ];
}

/** @param now milliseconds since the epoch */
export async function checkClock(
  client: HttpClient,
  servers: string[],
  now: () => number,
): Promise<DoctorResult> {
  for (const url of servers) {
    const beganMs = now();
    const date = await client.request(url, { method: 'HEAD', timeoutMs: 5_000 }).then(
      (answer) => Date.parse(answer.headers.date ?? ''),
      () => NaN,
    );
    if (!Number.isNaN(date)) return clockResult((beganMs + now()) / 2, date, new URL(url).host);
  }
  return skipped(
    CHECK,
    `cannot be compared: ${servers.map((url) => new URL(url).host).join(', ')} cannot be reached`,
  );
}

/**
 * @param hereMs this machine's time, milliseconds since the epoch
 * @param thereMs a server's, which counts in whole seconds
 */
export function clockResult(hereMs: number, thereMs: number, server: string): DoctorResult {
  const seconds = Math.round(Math.max(0, Math.abs(hereMs - thereMs) - 1_000) / 1_000);
  if (seconds < NOTABLE_SECONDS) return ok(CHECK, `agrees with ${server}`);
  const detail = `${seconds} s ${hereMs > thereMs ? 'ahead of' : 'behind'} ${server}`;
  return seconds >= WRONG_SECONDS ? failed(CHECK, detail, REMEDY) : warning(CHECK, detail, REMEDY);
}
