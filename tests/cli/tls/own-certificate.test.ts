import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { localFiles } from '../../../cli/tls/local-authority.ts';
import { checkOwnCertificate } from '../../../cli/tls/own-certificate.ts';
import { certificateBlocks, keyBlock } from '../../../cli/tls/pem.ts';

const NOTHING = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
const DAY = 86_400_000;
const NOW = Date.now();
const HOSTS = ['auth.gw.test', 'memory.gw.test'];
const made = localFiles(NOTHING, 'gw.test', HOSTS, NOW);
const chain = certificateBlocks(made.served).join('\n');
const key = keyBlock(made.served) ?? '';
const otherKey = keyBlock(localFiles(NOTHING, 'gw.test', HOSTS, NOW).served) ?? '';
const lines = (...args: Parameters<typeof checkOwnCertificate>) =>
  checkOwnCertificate(...args).faults.map((fault) => `${fault.key} ${fault.problem}`);

describe('a certificate of one’s own', () => {
  test('is taken with its chain and key, whatever else stands in the files', () => {
    const { served, faults, notes } = checkOwnCertificate(
      `Bag Attributes\n${chain}\n`,
      `# mine\n${key}`,
      HOSTS,
      NOW,
    );
    expect([faults, notes]).toEqual([[], []]);
    expect(served).toBe(made.served);
  });

  test('is refused with everything that is wrong with it at once', () => {
    expect(lines(chain, otherKey, [...HOSTS, 'time.gw.test', 'x.test'], NOW + 400 * DAY)).toEqual([
      expect.stringMatching(/^TLS_CERT_FILE ended on \d{4}-\d\d-\d\d$/),
      'TLS_CERT_FILE is not for time.gw.test, x.test',
      'TLS_KEY_FILE is not the key of the first certificate in TLS_CERT_FILE',
    ]);
    expect(lines('', '', HOSTS, NOW)).toEqual([
      expect.stringContaining('TLS_CERT_FILE has no certificate'),
      expect.stringContaining('TLS_KEY_FILE has no private key'),
    ]);
    expect(lines(chain, key, HOSTS, NOW - DAY)[0]).toContain('is not valid before');
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(lines(chain + broken, key, HOSTS, NOW)[0]).toContain('cannot be read');
  });

  test('a key with a passphrase is refused, and a file that has only the key is no certificate', () => {
    const locked = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    }).privateKey;
    expect(lines(chain, locked, HOSTS, NOW)).toEqual([expect.stringContaining('no passphrase')]);
    expect(lines(key, chain, HOSTS, NOW)).toHaveLength(2);
  });

  test('without its chain it serves, with a word about it', () => {
    const [alone = ''] = certificateBlocks(chain);
    const { faults, notes } = checkOwnCertificate(alone, key, HOSTS, NOW);
    expect(faults).toEqual([]);
    expect(notes).toEqual([expect.stringContaining('fullchain.pem')]);
  });
});
