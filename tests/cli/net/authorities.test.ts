import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ownAuthorities } from '../../../cli/net/authorities.ts';
import { createHttpClient } from '../../../cli/net/http-client.ts';
import { localFiles } from '../../../cli/tls/local-authority.ts';
import { AUTHORITY_CERTIFICATE } from '../../../cli/tls/paths.ts';
import { temporaryFolder } from '../support/run-init.ts';

it('the local authority of TLS_MODE internal is trusted without a word', async () => {
  const folder = temporaryFolder();
  const none = { authorityCertificate: undefined, authorityKey: undefined, served: undefined };
  const made = localFiles(none, 'gateway.test', ['auth.gateway.test'], Date.now());
  mkdirSync(dirname(join(folder, AUTHORITY_CERTIFICATE)));
  writeFileSync(join(folder, AUTHORITY_CERTIFICATE), made.authorityCertificate);

  const server = createServer({ cert: made.served, key: made.served }, (_request, response) =>
    response.end('here'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const resolve = [{ host: 'auth.gateway.test', port, address: '127.0.0.1' }];
  const client = createHttpClient({ resolve, authorities: ownAuthorities(folder, { TLS_MODE: 'internal' }) });
  onTestFinished(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  expect(await (await client.request(`https://auth.gateway.test:${port}/`)).text()).toBe('here');
  expect(await client.certificate('auth.gateway.test', port)).toMatchObject({ trusted: true });

  expect(ownAuthorities(folder, { TLS_MODE: 'acme' })).toEqual([]);
  expect(ownAuthorities(temporaryFolder(), { TLS_MODE: 'internal' })).toEqual([]);
});
