import type { RequestListener, Server } from 'node:http';
import { createHttpServer, type ConnectionLimits } from '../net/http-server.ts';

/** The gateway cannot listen where it was told to; the message says what to do. */
export class ListenError extends Error {
  override name = 'ListenError';
}

export interface Listening {
  port: number;
  /** Puts the listener in place; until then every request waits. */
  serve(listener: RequestListener): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Listens before anything else is set up, so that a taken port is known at once and port 0 has its number.
 * `localhost` means both loopback addresses where the machine has both: clients try either first.
 *
 * @param limits over those of `http-server.ts`
 * @throws ListenError
 */
export async function listen(
  host: string,
  port: number,
  limits?: Partial<ConnectionLimits>,
): Promise<Listening> {
  const first = await open(host === 'localhost' ? '127.0.0.1' : host, port, limits);
  const servers = [first.server];
  if (host === 'localhost') {
    const second = await open('::1', first.port, limits).catch(() => undefined);
    if (second) servers.push(second.server);
  }
  return {
    port: first.port,
    serve: (listener) => servers.forEach((server) => server.on('request', listener)),
    close: async () => {
      await Promise.all(
        servers.map((server) => {
          const closed = new Promise<void>((done) => server.close(() => done()));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

function open(
  host: string,
  port: number,
  limits?: Partial<ConnectionLimits>,
): Promise<{ server: Server; port: number }> {
  const server = createHttpServer(undefined, limits);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new ListenError(problem(error, host, port))),
    );
    server.listen(port, host, () => {
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : port });
    });
  });
}

function problem(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is in use; stop what listens there, or choose another with --port`;
    case 'EACCES':
      return `port ${port} needs more rights than this process has; choose one above 1023 with --port`;
    case 'EADDRNOTAVAIL':
      return `${host} is not an address of this machine`;
    default:
      return `cannot listen on ${host}:${port}: ${error.message}`;
  }
}
