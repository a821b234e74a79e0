/**
 * Who is at the other end of a request: its address as our own edge saw it, and the id that its lines in the log share.
 *
 * Traefik replaces `X-Forwarded-For` of whoever is not one of `TRUSTED_PROXIES`, and appends to it the address that it was
 * asked from; the embedded edge removes it, and then the socket's own counts. So the last entry that is no trusted proxy
 * is true, and what stands before it is a claim.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { uniqueToken } from './unique-bytes.ts';

export interface Caller {
  /** In the answer's `X-Request-Id`, too. */
  requestId: string;
  /** An IP address, or `unknown`. */
  address: string;
}

export interface Callers {
  /**
   * The caller of the request that is being served; undefined outside of one. Made on the first question: most requests of
   * the hot path never ask.
   */
  current: () => Caller | undefined;
  run<Result>(request: IncomingMessage, serve: () => Result): Result;
  /** Makes `current` work in the handlers of a scope, and names the request in each answer. */
  addTo(scope: FastifyInstance): void;
}

/** A request that is being served. No map from requests to callers: a weak one keeps the collector busy. */
interface Visit {
  readonly request: IncomingMessage;
  caller: Caller | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Only in scopes that callers were added to. */
    visit: Visit | undefined;
  }
}

/** What an id from a proxy in front may look like; any other is replaced. It opens nothing, it only joins lines. */
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/** `192.0.2.1:4711`, `[2001:db8::1]:4711` and `[2001:db8::1]`: Azure's gateways and IIS name a hop so. */
const WITH_PORT = /^(?:\[([0-9a-f:.]+)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+):\d{1,5})$/i;

/** @param trustedProxies addresses and CIDR ranges of proxies in front of our edge */
export function createCallers(trustedProxies: readonly string[] = []): Callers {
  const trusted = blockList(trustedProxies);
  const storage = new AsyncLocalStorage<Visit>();
  const callerOf = (visit: Visit): Caller =>
    (visit.caller ??= {
      requestId: requestIdOf(visit.request),
      address: addressOf(visit.request, trusted),
    });
  return {
    current: () => {
      const visit = storage.getStore();
      return visit === undefined ? undefined : callerOf(visit);
    },
    run: (request, serve) => storage.run({ request, caller: undefined }, serve),
    addTo: (scope) => {
      scope.decorateRequest('visit', undefined);
      scope.addHook('onRequest', (request, reply, done) => {
        request.visit = { request: request.raw, caller: undefined };
        reply.header('x-request-id', callerOf(request.visit).requestId);
        storage.run(request.visit, done);
      });
      // A body arrives in the connection's context, not in the request's.
      scope.addHook('preValidation', (request, _reply, done) => {
        if (request.visit === undefined) done();
        else storage.run(request.visit, done);
      });
    },
  };
}

/** @returns an address as limits count it: IPv6 by /64, because one subscriber has all of that */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || isIP(address) !== 6) return mapped ?? address;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [
    ...before,
    ...Array<string>(Math.max(8 - before.length - after.length, 0)).fill('0'),
    ...after,
  ];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : uniqueToken(12);
}

function addressOf({ headers, socket }: IncomingMessage, trusted: BlockList): string {
  const forwarded = headers['x-forwarded-for'];
  const peer = plain(socket.remoteAddress ?? '');
  const hops = (typeof forwarded === 'string' ? forwarded.split(',') : []).map((hop) => plain(hop.trim()));
  // The first hop counts when all of them are trusted proxies.
  const outer = hops.findLast((hop) => isIP(hop) === 0 || !contains(trusted, hop)) ?? hops[0] ?? peer;
  return isIP(outer) === 0 ? 'unknown' : outer;
}

/** Without the port that some proxies write, without the form of an IPv4 address on an IPv6 socket, and without a zone. */
function plain(address: string): string {
  const [, bracketed, dotted] = WITH_PORT.exec(address) ?? [];
  return (bracketed ?? dotted ?? address).replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family);
  }
  return list;
}
