import type { AddressInfo } from 'node:net';
import { createHttpServer } from '../net/http-server.ts';

export interface MetricsListener {
  port: number;
  close(): Promise<void>;
}

/** What is served. */
export interface MetricsText {
  /** @returns Prometheus' text format 0.0.4 */
  text(): string;
}

/**
 * Serves `/metrics` on a port of its own, which no route of the edge leads to.
 *
 * @param port 0 takes a free one
 */
export async function listenForMetrics(
  metrics: MetricsText,
  port: number,
  host?: string,
): Promise<MetricsListener> {
  const server = createHttpServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
      .end(metrics.text());
  });
  await new Promise<void>((done, failed) => {
    server.once('error', failed);
    server.listen(port, host, done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
