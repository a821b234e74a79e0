/** What a failed connection means, and what to do about it. */

export interface Explanation {
  problem: string;
  remedy: string;
}

const CHAIN = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';

/** Codes of untrusted certificates (OpenSSL's, as Node names them). */
const CERTIFICATE_PROBLEMS: Record<string, Explanation> = {
  CERT_HAS_EXPIRED: {
    problem: 'the certificate has expired',
    remedy: 'renew it; with TLS_MODE acme see why that failed: mcpgw logs traefik',
  },
  CERT_NOT_YET_VALID: {
    problem: 'the certificate is not valid yet',
    remedy: 'set the clock of this machine right',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    problem: 'the certificate is for another name',
    remedy: 'get one for this name; with TLS_MODE acme see why that failed: mcpgw logs traefik',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    problem: 'the certificate is self-signed',
    remedy:
      'with TLS_MODE acme there is none yet: see mcpgw logs traefik; is port 80 reachable from outside? Traefik tries again after mcpgw restart traefik',
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    problem: 'the certificate comes from an authority that this machine does not trust',
    remedy: 'trust that authority, for instance with NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
  },
  [CHAIN]: {
    problem: 'the server does not send the whole certificate chain, or its authority is not trusted here',
    remedy:
      'serve the full chain (hosted clients need it), or name its authority: NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
  },
};
CERTIFICATE_PROBLEMS.UNABLE_TO_GET_ISSUER_CERT_LOCALLY = CERTIFICATE_PROBLEMS[CHAIN] as Explanation;

/** @param code as Node gives it */
export function explainCertificate(code: string): Explanation {
  return (
    CERTIFICATE_PROBLEMS[code] ?? {
      problem: `the certificate is not trusted (${code})`,
      remedy: 'see mcpgw logs traefik',
    }
  );
}

/** @param up how the person starts the gateway, such as `mcpgw up` */
export function explainConnection(error: unknown, up: string): Explanation {
  const code = codeOf(error);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return {
        problem: 'DNS knows no address for it',
        remedy: 'add a DNS record (A or AAAA), or name the address yourself: --resolve HOST:PORT:ADDRESS',
      };
    case 'ECONNREFUSED':
      return { problem: 'nothing listens there', remedy: `start the gateway (${up}), or open the port` };
    case 'ECONNRESET':
    case 'EPIPE':
      return {
        problem: 'the connection was cut',
        remedy: 'is something else listening on that port? See mcpgw logs traefik',
      };
    case 'ETIMEDOUT':
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return {
        problem: (error as Error).message.startsWith('no answer')
          ? (error as Error).message
          : 'the address does not answer',
        remedy: 'is a firewall in between, or does the name lead to another machine?',
      };
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return {
        problem: 'what listens there speaks no TLS',
        remedy: 'with TLS_MODE off, the proxy in front must end TLS',
      };
    default:
      if (code in CERTIFICATE_PROBLEMS) return explainCertificate(code);
      return {
        problem: error instanceof Error ? error.message : String(error),
        remedy: 'see mcpgw logs traefik auth',
      };
  }
}

/** Also of the last of several addresses that were tried. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors.at(-1));
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code ?? '';
}
