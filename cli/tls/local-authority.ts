/**
 * The authority of `TLS_MODE=internal`. It is made once and kept; it can sign for the gateway's domain and what is below
 * it and for nothing else, so that trusting it is no more than trusting this gateway.
 */
import { createPublicKey, generateKeyPairSync, type KeyObject, type X509Certificate } from 'node:crypto';
import {
  authorityKeyId,
  forHosts,
  forServers,
  isAuthority,
  isNoAuthority,
  makeCertificate,
  onlyBelow,
  signsCertificates,
  signsHandshakes,
  subjectKeyId,
} from './certificate.ts';
import { certificateBlocks, keyBlock, readCertificate, readKey, validity } from './pem.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AUTHORITY_DAYS = 3_650;
/** Some clients refuse a server's certificate of more than 398 or 825 days, whoever signed it. */
const CERTIFICATE_DAYS = 365;
/** Renewed by the first command that writes files in the last third. */
const RENEW_BEFORE_DAYS = 120;

/** What a folder has: text of its files, where there is one. */
export interface PresentFiles {
  authorityCertificate: string | undefined;
  authorityKey: string | undefined;
  /** Certificate, authority's certificate and key. */
  served: string | undefined;
}

export interface LocalFiles {
  authorityCertificate: string;
  authorityKey: string;
  served: string;
  /** There was one, and it could not serve any more: clients must trust the new one. */
  replacedAuthority: boolean;
}

interface Authority {
  text: string;
  certificate: X509Certificate;
  keyText: string;
  key: KeyObject;
}

/**
 * Keeps what still serves, and makes the rest.
 * @param domain what the authority is for
 * @param hosts what the certificate is for; each is the domain or below it
 */
export function localFiles(
  present: PresentFiles,
  domain: string,
  hosts: string[],
  nowMs: number,
): LocalFiles {
  const kept = presentAuthority(present, domain, nowMs);
  const authority = kept ?? newAuthority(domain, nowMs);
  return {
    authorityCertificate: authority.text,
    authorityKey: authority.keyText,
    served: serves(present.served, authority, hosts, nowMs)
      ? (present.served as string)
      : newServed(authority, hosts, nowMs),
    replacedAuthority: kept === undefined && present.authorityCertificate !== undefined,
  };
}

function presentAuthority(present: PresentFiles, domain: string, nowMs: number): Authority | undefined {
  const { authorityCertificate: text = '', authorityKey: keyText = '' } = present;
  const certificate = readCertificate(text);
  const key = readKey(keyText);
  if (certificate === undefined || key === undefined) return undefined;
  const good =
    certificate.checkPrivateKey(key) &&
    validity(certificate).endsAtMs > nowMs + CERTIFICATE_DAYS * DAY_MS &&
    // Made for this very domain: Node does not show the constraint, but its bytes are there.
    certificate.raw.includes(onlyBelow(domain));
  return good ? { text, certificate, keyText, key } : undefined;
}

function newAuthority(domain: string, nowMs: number): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = `mcpgw authority of ${domain}`;
  const text = makeCertificate({
    name,
    issuerName: name,
    publicKey,
    signingKey: privateKey,
    // A clock that is a little behind takes it too.
    startsAtMs: nowMs - HOUR_MS,
    endsAtMs: nowMs + AUTHORITY_DAYS * DAY_MS,
    extensions: [
      isAuthority(),
      signsCertificates(),
      forServers(),
      onlyBelow(domain),
      subjectKeyId(publicKey),
    ],
  });
  const certificate = readCertificate(text) as X509Certificate;
  return { text, certificate, keyText: keyText(privateKey), key: privateKey };
}

function serves(served: string | undefined, authority: Authority, hosts: string[], nowMs: number): boolean {
  const certificate = readCertificate(certificateBlocks(served ?? '')[0] ?? '');
  const key = readKey(keyBlock(served ?? '') ?? '');
  if (certificate === undefined || key === undefined) return false;
  return (
    certificate.verify(authority.certificate.publicKey) &&
    certificate.checkPrivateKey(key) &&
    certificate.subjectAltName === hosts.map((host) => `DNS:${host}`).join(', ') &&
    validity(certificate).endsAtMs > nowMs + RENEW_BEFORE_DAYS * DAY_MS
  );
}

function newServed(authority: Authority, hosts: string[], nowMs: number): string {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [, issuerName = ''] = /^CN=(.*)$/m.exec(authority.certificate.subject) ?? [];
  const certificate = makeCertificate({
    name: hosts[0] ?? 'mcpgw',
    issuerName,
    publicKey,
    signingKey: authority.key,
    startsAtMs: nowMs - HOUR_MS,
    endsAtMs: nowMs + CERTIFICATE_DAYS * DAY_MS,
    extensions: [
      ...[isNoAuthority(), signsHandshakes(), forServers(), forHosts(hosts), subjectKeyId(publicKey)],
      authorityKeyId(createPublicKey(authority.key)),
    ],
  });
  return `${certificate}${authority.text}${keyText(privateKey)}`;
}

function keyText(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}
