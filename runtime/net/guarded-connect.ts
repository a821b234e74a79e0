/**
 * Connections that lead nowhere but to the public internet (server-side request forgery). The addresses of a name are
 * checked where the socket opens, so that no second answer of DNS comes between the check and the use; where the socket
 * has come to is looked at once more.
 */
import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { isPublicAddress } from './public-address.ts';

export interface Address {
  address: string;
  family: number;
}

export interface ConnectGuard {
  /** @returns whether a connection may lead to `address`, for which the URL has `hostname`; by default a public one */
  isAllowed?: (address: string, hostname: string) => boolean;
  /** Every address of a name. */
  resolve?: (hostname: string) => Promise<Address[]>;
  /** Where to connect, in place of the URL's port. */
  port?: number;
  /** PEM of a further authority. */
  ca?: string;
  /** For tests, which have no public address: addresses of this machine that are reached in place of others, after the check. */
  standIns?: ReadonlyMap<string, string>;
}

/** The message is for a log: what it says of addresses is nothing for strangers. */
export class NotPublicError extends Error {
  override name = 'NotPublicError';

  constructor() {
    super('the name leads to an address that is not public');
  }
}

/** @param timeoutMs for the connection, with its name. Its error for a refused address is `NotPublicError`. */
export function guardedConnector(guard: ConnectGuard, timeoutMs: number): buildConnector.connector {
  const { isAllowed = isPublicAddress, port, ca, standIns = new Map<string, string>() } = guard;
  const connect = buildConnector({
    timeout: timeoutMs,
    allowH2: false,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
    lookup: guardedLookup(guard),
  });
  const publicOf = new Map([...standIns].map(([address, standIn]) => [standIn, address]));
  return (to, callback) => {
    // Of an address in the URL, no lookup is asked.
    const literal = to.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !isAllowed(literal, literal)) return callback(new NotPublicError(), null);
    const hostname = standIns.get(literal) ?? to.hostname;
    connect({ ...to, hostname, ...(port !== undefined && { port: String(port) }) }, (...result) => {
      const [error, socket] = result;
      if (error !== null) return callback(...result);
      const reached = socket.remoteAddress ?? '';
      if (isAllowed(publicOf.get(reached) ?? reached, literal)) return callback(...result);
      socket.destroy();
      callback(new NotPublicError(), null);
    });
  };
}

/** One address that is not allowed refuses the name as a whole: it would be tried as soon as the others fail. */
function guardedLookup({
  resolve = resolveAll,
  isAllowed = isPublicAddress,
  standIns,
}: ConnectGuard): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        if (addresses.length === 0 || !addresses.every(({ address }) => isAllowed(address, hostname)))
          return callback(new NotPublicError(), '');
        const reached = addresses.map(
          ({ address, family }) => standIn(standIns?.get(address)) ?? { address, family },
        );
        const [first] = reached;
        if (options.all === true || first === undefined) return callback(null, reached);
        callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

function standIn(address: string | undefined): Address | undefined {
  return address === undefined ? undefined : { address, family: isIP(address) };
}

function resolveAll(hostname: string): Promise<Address[]> {
  return dnsLookup(hostname, { all: true, order: 'verbatim' });
}
