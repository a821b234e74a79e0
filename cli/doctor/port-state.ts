import { connect, createServer } from 'node:net';

export type PortState =
  | 'free'
  | 'taken'
  /** The address is none of this machine. */
  | 'elsewhere';

/** How long nobody may answer before a port counts as free, in milliseconds. */
const LIMIT_MS = 1_000;

/** Tries to listen there; where this user may not, whether somebody answers. */
export async function probePort(address: string, port: number): Promise<PortState> {
  const code = await tryToListen(address, port);
  if (code === undefined) return 'free';
  if (code === 'EADDRINUSE') return 'taken';
  if (code === 'EADDRNOTAVAIL') return 'elsewhere';
  // Docker listens as root, so that a low port is no obstacle to it.
  const reachable = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
  return (await answers(reachable, port)) ? 'taken' : 'free';
}

function tryToListen(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(LIMIT_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
