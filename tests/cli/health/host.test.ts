import { describe, expect, it, onTestFinished } from 'vitest';
import { checkTls } from '../../../cli/health/checks/host.ts';
import { createHttpClient } from '../../../cli/net/http-client.ts';
import { AUTHORITY, CERTIFICATE, EXPIRED_CERTIFICATE } from '../net/certificates.ts';
import { startTlsServer } from '../net/tls-server.ts';

const DAY_MS = 86_400_000;
const ENDS_MS = Date.UTC(2126, 9, 31, 6, 55, 38);

async function check(options: {
  certificate?: string;
  host?: string;
  authorities?: string[];
  nowMs?: number;
}): Promise<string> {
  const {
    certificate = CERTIFICATE,
    host = 'auth.gateway.test',
    authorities = [AUTHORITY],
    nowMs = Date.now(),
  } = options;
  const port = await startTlsServer(certificate);
  const client = createHttpClient({ authorities, resolve: [{ host, port, address: '127.0.0.1' }] });
  onTestFinished(() => client.close());
  const url = new URL(`https://${host}:${port}`);
  const { detail, remedy } = await checkTls(client, url, nowMs);
  return remedy === undefined ? detail : `warning: ${detail}`;
}

describe('the check of a certificate', () => {
  it('says when it ends and who signed it', async () => {
    expect(await check({ nowMs: ENDS_MS - 100 * DAY_MS })).toBe('100 days left (2126-10-31), mcpgw tests');
  });

  it('warns before it ends', async () => {
    expect(await check({ nowMs: ENDS_MS - 13 * DAY_MS })).toMatch(/^warning: 13 days left/);
    expect(await check({ nowMs: ENDS_MS - 90 * 60_000 })).toMatch(/^warning: 1 hours left/);
  });

  it('fails when it has ended, is for another name, or of an authority that is not trusted', async () => {
    await expect(check({ certificate: EXPIRED_CERTIFICATE })).rejects.toThrow(/has expired/);
    await expect(check({ host: 'other.test' })).rejects.toThrow(/for another name/);
    await expect(check({ authorities: [] })).rejects.toThrow(/chain, or its authority is not trusted/);
  });
});
