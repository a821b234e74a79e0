import { createServer, type RequestListener, type Server } from 'node:http';

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
 * @throws ListenError
 */
export async function listen(host: string, port: number): Promise<Listening> {
  const first = await open(host === 'localhost' ? '127.0.0.1' : host, port);
  const servers = [first.server];
  if (host === 'localhost') {
    const second = await open('::1', first.port).catch(() => undefined);
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

/** Each is a file descriptor, and children need some as well. */
const MAX_CONNECTIONS = 4_096;

function open(host: string, port: number): Promise<{ server: Server; port: number }> {
  // A stream that sends now and then is no idle connection; what a slow request may take, the handlers limit.
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 30_000, requestTimeout: 120_000 });
  server.maxConnections = MAX_CONNECTIONS;
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
