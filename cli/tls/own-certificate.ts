/** The certificate of `TLS_MODE=files`: what is wrong with it, before anybody meets it in a browser. */
import type { X509Certificate } from 'node:crypto';
import type { Fault } from '../../runtime/config/faults.ts';
import { certificateBlocks, keyBlock, readCertificate, readKey, validity } from './pem.ts';

export interface OwnCertificate {
  /** Chain and key in one text; empty when there are faults. */
  served: string;
  faults: Fault[];
  /** Things that work, though not for everybody. */
  notes: string[];
}

/**
 * @param certificateText of `TLS_CERT_FILE`
 * @param keyText of `TLS_KEY_FILE`
 * @param hosts that it must be for
 */
export function checkOwnCertificate(
  certificateText: string,
  keyText: string,
  hosts: string[],
  nowMs: number,
): OwnCertificate {
  const blocks = certificateBlocks(certificateText);
  const certificate = readCertificate(blocks[0] ?? '');
  const keyPart = keyBlock(keyText) ?? '';
  const faults = [
    ...blockFaults(blocks),
    ...(certificate === undefined ? [] : certificateFaults(certificate, hosts, nowMs)),
    ...keyFaults(keyPart, certificate),
  ];
  const alone = blocks.length === 1 && certificate?.issuer !== certificate?.subject;
  return {
    served: faults.length > 0 ? '' : [...blocks, keyPart].map((block) => `${block.trim()}\n`).join(''),
    faults,
    notes: alone
      ? ['TLS_CERT_FILE has one certificate alone: most clients need the chain behind it (fullchain.pem)']
      : [],
  };
}

function blockFaults(blocks: string[]): Fault[] {
  if (blocks.length === 0)
    return [fault('TLS_CERT_FILE', 'has no certificate in it (PEM, -----BEGIN CERTIFICATE-----)')];
  if (blocks.some((block) => readCertificate(block) === undefined))
    return [fault('TLS_CERT_FILE', 'has a certificate in it that cannot be read')];
  return [];
}

function certificateFaults(certificate: X509Certificate, hosts: string[], nowMs: number): Fault[] {
  const { startsAtMs, endsAtMs } = validity(certificate);
  const uncovered = hosts.filter((host) => certificate.checkHost(host) === undefined);
  return [
    ...(endsAtMs <= nowMs ? [fault('TLS_CERT_FILE', `ended on ${day(endsAtMs)}`)] : []),
    ...(startsAtMs > nowMs ? [fault('TLS_CERT_FILE', `is not valid before ${day(startsAtMs)}`)] : []),
    ...(uncovered.length > 0 ? [fault('TLS_CERT_FILE', `is not for ${uncovered.join(', ')}`)] : []),
  ];
}

function keyFaults(block: string, certificate: X509Certificate | undefined): Fault[] {
  if (block === '')
    return [fault('TLS_KEY_FILE', 'has no private key in it (PEM, -----BEGIN PRIVATE KEY-----)')];
  const key = readKey(block);
  if (key === undefined)
    return [fault('TLS_KEY_FILE', 'has a key that cannot be read; it must have no passphrase')];
  return certificate === undefined || certificate.checkPrivateKey(key)
    ? []
    : [fault('TLS_KEY_FILE', 'is not the key of the first certificate in TLS_CERT_FILE')];
}

function fault(key: string, problem: string): Fault {
  return { key, problem };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
