/** Security invariant 11 on the hosts of services, in subdomain mode: through the embedded edge, as a client asks. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { silentLogger } from '../../runtime/config/log.ts';
import type { Topology } from '../../runtime/config/topology.ts';
import { createEdge } from '../../runtime/edge/edge.ts';
import { startTestAuth } from '../helpers/oauth-server.ts';

const topology: Topology = {
  mode: 'subdomain',
  scheme: 'https',
  domain: 'localhost',
  services: ['echo', 'fetch'],
};

/** @returns the status and the JSON of an answer */
function get(port: number, host: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path, headers: { host } }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('error', reject)
      .end();
  });
}

it('invariant 11: the metadata on the host of a service is that of the issuer and names it', async () => {
  const test = await startTestAuth({ settings: { topology } });
  const edge = createServer(
    createEdge({
      topology,
      verify: (service, { headers: { authorization } }) => test.auth.verify({ service, authorization }),
      auth: (incoming, outgoing) => test.auth.handle(incoming, outgoing),
      service: () => undefined,
      corsOrigins: [],
      logger: silentLogger,
    }),
  );
  try {
    await new Promise<void>((done) => edge.listen(0, '127.0.0.1', done));
    const { port } = edge.address() as AddressInfo;
    const wellKnown = '/.well-known/oauth-authorization-server';
    const own = await get(port, 'auth.localhost', wellKnown);
    expect(JSON.parse(own.body)).toMatchObject({
      issuer: 'https://auth.localhost',
      authorization_endpoint: 'https://auth.localhost/authorize',
    });
    for (const host of ['echo.localhost', 'fetch.localhost'])
      for (const path of [wellKnown, `${wellKnown}/mcp`]) expect(await get(port, host, path)).toEqual(own);
    expect((await get(port, 'localhost', wellKnown)).status).not.toBe(200);
    expect((await get(port, 'evil.example', wellKnown)).status).toBe(421);
  } finally {
    await new Promise((done) => edge.close(done));
    await test.close();
  }
});
