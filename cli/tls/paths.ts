/** Where the files of TLS are, below the gateway's folder. */

/** The local authority of `TLS_MODE=internal`: what clients are told to trust. */
export const AUTHORITY_CERTIFICATE = 'tls/ca.pem';
/** Its key, which no container ever sees. */
export const AUTHORITY_KEY = 'tls/ca.key';
/**
 * The certificate that Traefik serves, its chain and its key in one file: a renewal is one rename, so that Traefik never
 * sees a certificate with another one's key. Beside the dynamic configuration, because Traefik watches that folder.
 */
export const SERVED = 'traefik/dynamic/certificate.pem';
/** What Traefik trusts an ACME server by. */
export const ACME_AUTHORITY = 'traefik/acme-ca.pem';

/** Where `SERVED` and `ACME_AUTHORITY` are for Traefik. */
export const inTraefik = (path: string) => path.replace(/^traefik\//, '/etc/traefik/');

const MATERIAL = [AUTHORITY_CERTIFICATE, AUTHORITY_KEY, SERVED, ACME_AUTHORITY];

/** Made or copied by mcpgw, and without room for a stamp. */
export function isTlsMaterial(path: string): boolean {
  return MATERIAL.includes(path);
}

/** Follows from `.env` alone, so that it goes when `.env` does not ask for it any more; the authority stays. */
export function isServedMaterial(path: string): boolean {
  return path === SERVED || path === ACME_AUTHORITY;
}

/** Holds a private key. */
export function hasTlsKey(path: string): boolean {
  return path === AUTHORITY_KEY || path === SERVED;
}
