import type { AddressInfo } from 'node:net';
import { createHttpServer } from '../../net/http-server.ts';
import type { AuthContext } from '../auth-context.ts';
import { createAdmin } from './app.ts';

export interface AdminListener {
  /** Such as `http://127.0.0.1:8081`. */
  origin: string;
  close(): Promise<void>;
}

/** The only address that the admin API is ever served on. */
const LOOPBACK = '127.0.0.1';

/**
 * Serves the admin API on a socket of its own, which no edge knows.
 * @param port 0 takes a free one
 */
export async function listenForAdmin(context: AuthContext, port: number): Promise<AdminListener> {
  const admin = await createAdmin(context);
  const server = createHttpServer((request, response) => admin.handle(request, response));
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, LOOPBACK, done);
  });
  return {
    origin: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
      await admin.close();
    },
  };
}
