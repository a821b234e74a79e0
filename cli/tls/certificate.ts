/**
 * Certificates with ECDSA P-256 keys (RFC 5280), for the local authority. Node can read certificates but not make them,
 * and the libraries that can bring more code than this and a patched global object.
 */
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, implicit, integer, octets, oid, pem, sequence, set, tagged, time, utf8, yes } from './der.ts';

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
/** RFC 5280 appendix A: `ub-common-name`. */
const MAX_NAME = 64;

export interface CertificateRequest {
  /** Common name; cut to what a certificate can hold. */
  name: string;
  issuerName: string;
  publicKey: KeyObject;
  signingKey: KeyObject;
  startsAtMs: number;
  endsAtMs: number;
  extensions: Uint8Array[];
}

/** @returns PEM */
export function makeCertificate(request: CertificateRequest): string {
  const body = sequence(
    // Version 3, which has extensions.
    tagged(0, integer(Buffer.from([2]))),
    // Never 0, and at most 20 octets with its sign (RFC 5280 §4.1.2.2).
    integer(Buffer.concat([Buffer.from([1]), randomBytes(16)])),
    ECDSA_SHA256,
    nameOf(request.issuerName),
    sequence(time(request.startsAtMs), time(request.endsAtMs)),
    nameOf(request.name),
    spki(request.publicKey),
    tagged(3, sequence(...request.extensions)),
  );
  const signature = sign('sha256', body, request.signingKey);
  return pem('CERTIFICATE', sequence(body, ECDSA_SHA256, bits(signature)));
}

function nameOf(text: string): Buffer {
  const part = (type: string, value: string) => set(sequence(oid(type), utf8(value)));
  return sequence(part('2.5.4.10', 'mcpgw'), part('2.5.4.3', text.slice(0, MAX_NAME)));
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function extension(id: string, critical: boolean, value: Uint8Array): Buffer {
  return sequence(oid(id), ...(critical ? [yes()] : []), octets(value));
}

/** An authority whose certificates sign nothing but servers' own (RFC 5280 §4.2.1.9). */
export const isAuthority = () => extension('2.5.29.19', true, sequence(yes(), integer(Buffer.from([0]))));
export const isNoAuthority = () => extension('2.5.29.19', true, sequence());

/** Key usage: `keyCertSign` and `cRLSign`. */
export const signsCertificates = () => extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1));
/** Key usage: `digitalSignature`. */
export const signsHandshakes = () => extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7));
/** Extended key usage: `serverAuth`. */
export const forServers = () => extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1')));

export const subjectKeyId = (key: KeyObject) => extension('2.5.29.14', false, octets(keyId(key)));
export const authorityKeyId = (key: KeyObject) =>
  extension('2.5.29.35', false, sequence(implicit(0, keyId(key))));

export const forHosts = (hosts: string[]) => extension('2.5.29.17', false, sequence(...hosts.map(dnsName)));

/** Name constraints (RFC 5280 §4.2.1.10): this domain and what is below it, and no address. */
export function onlyBelow(domain: string): Buffer {
  const subtree = (name: Uint8Array) => sequence(name);
  const everyAddress = [8, 32].map((length) => subtree(implicit(7, Buffer.alloc(length))));
  return extension(
    '2.5.29.30',
    true,
    sequence(tagged(0, subtree(dnsName(domain))), tagged(1, ...everyAddress)),
  );
}

function dnsName(host: string): Buffer {
  return implicit(2, Buffer.from(host, 'ascii'));
}

/** RFC 5280 §4.2.1.2, method (1), over the key as a whole: it only has to be the same on both sides. */
function keyId(key: KeyObject): Buffer {
  return createHash('sha1').update(spki(key)).digest();
}
