/**
 * The HTTP servers of the gateway, all with the same bounds on what a connection may take before there is a request: a
 * client that says nothing, or says it byte by byte (slowloris), is answered 408 and cut. None of them bounds an answer,
 * so a stream stays open for as long as both sides want.
 */
import { createServer, type RequestListener, type Server } from 'node:http';

export interface ConnectionLimits {
  /** From the opening of a connection, or from the first byte of a further request, to the end of the headers. */
  headersTimeoutMs: number;
  /** The same to the end of the body. */
  requestTimeoutMs: number;
  /** How long a connection stays open between requests. */
  keepAliveTimeoutMs: number;
  /** How often the first two are looked at: that much later they may come. */
  checkEveryMs: number;
  /** Of the request line and all headers together; beyond it the answer is 431. */
  maxHeaderBytes: number;
  /** Further ones are closed at once: each is a file descriptor, and children need some as well. */
  maxConnections: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 120_000,
  // Longer than any proxy in front keeps its connections (Traefik's `idleConnTimeout`), so that none is used while it closes.
  keepAliveTimeoutMs: 65_000,
  checkEveryMs: 5_000,
  maxHeaderBytes: 16 * 1024,
  maxConnections: 4_096,
};

/** @param limits over the default ones */
export function createHttpServer(listener?: RequestListener, limits: Partial<ConnectionLimits> = {}): Server {
  const all = { ...CONNECTION_LIMITS, ...limits };
  const server = createServer({
    headersTimeout: all.headersTimeoutMs,
    requestTimeout: all.requestTimeoutMs,
    keepAliveTimeout: all.keepAliveTimeoutMs,
    connectionsCheckingInterval: all.checkEveryMs,
    maxHeaderSize: all.maxHeaderBytes,
  });
  server.maxConnections = all.maxConnections;
  if (listener !== undefined) server.on('request', listener);
  return server;
}
