import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { CERTIFICATE, CERTIFICATE_KEY } from './certificates.ts';

/** An HTTPS server on loopback that answers with the `Host` that it was asked for. @returns its port */
export async function startTlsServer(certificate: string = CERTIFICATE): Promise<number> {
  const server = createServer({ cert: certificate, key: CERTIFICATE_KEY }, (request, response) => {
    response.end(request.headers.host);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
