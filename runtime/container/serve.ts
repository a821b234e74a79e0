/** An HTTP server that goes away without a failed request. */
import type { RequestListener, Server } from 'node:http';
import type { Logger } from '../config/log.ts';
import { createHttpServer, type ConnectionLimits } from '../net/http-server.ts';

/** Where every container of the stack listens. */
export const CONTAINER_PORT = 8080;

/** Where `/metrics` is, on the containers' own networks: no port of it is published and no route leads to it. */
export const METRICS_PORT = 9464;

/**
 * How long a server that was told to stop serves on, in milliseconds. Names and connections lead to it for that long;
 * one that closes at once makes Traefik answer 502.
 */
const LINGER_MS = 2_000;
/** By when open streams are cut, in milliseconds after that. */
const DRAIN_MS = 5_000;
/** How often connections whose last request has been answered are looked for. */
const IDLE_POLL_MS = 50;

export interface ServeOptions {
  listener: RequestListener;
  logger: Logger;
  /** What to end besides connections, so that they end. */
  close?: () => Promise<void>;
  /** What requests need, to be ended once there are none. */
  last?: () => Promise<void>;
  port?: number;
  /** Over those of `http-server.ts`. */
  limits?: Partial<ConnectionLimits>;
}

/** Listens, and ends the process when it is told to stop. */
export function serve(options: ServeOptions): Server {
  const { listener, logger, close, last, port = CONTAINER_PORT, limits } = options;
  let stopping = false;
  const server = createHttpServer((request, response) => {
    if (stopping) response.setHeader('connection', 'close');
    listener(request, response);
  }, limits);
  server.listen(port, () => logger.info({ port }, 'listening'));
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      // Also those that become idle: they were not told to close where their request came before the signal.
      setInterval(() => server.closeIdleConnections(), IDLE_POLL_MS).unref();
      setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
      void Promise.all([close?.(), closed])
        .then(() => last?.())
        .then(
          () => process.exit(0),
          (error: unknown) => {
            logger.error({ error: String(error) }, 'did not stop cleanly');
            process.exit(1);
          },
        );
    }, LINGER_MS);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return server;
}
