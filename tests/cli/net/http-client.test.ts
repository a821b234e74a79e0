import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createHttpClient, type HttpClientOptions } from '../../../cli/net/http-client.ts';
import { AUTHORITY } from './certificates.ts';
import { startTlsServer } from './tls-server.ts';

async function listen(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function clientWith(options: HttpClientOptions = {}) {
  const client = createHttpClient(options);
  onTestFinished(() => client.close());
  return client;
}

describe('the HTTP client', () => {
  it('goes where --resolve says, under the name of the URL', async () => {
    const port = await listen((request, response) => response.end(request.headers.host));
    const client = clientWith({ resolve: [{ host: 'auth.gateway.test', port, address: '127.0.0.1' }] });
    const answer = await client.request(`http://auth.gateway.test:${port}/`);
    expect(await answer.text()).toBe(`auth.gateway.test:${port}`);
    expect(await client.addresses('AUTH.gateway.test', port)).toEqual(['127.0.0.1']);
  });

  it('pins one port alone', async () => {
    const asked: string[] = [];
    const lookup = async (host: string) => {
      asked.push(host);
      throw Object.assign(new Error('unknown'), { code: 'ENOTFOUND' });
    };
    const client = clientWith({ lookup, resolve: [{ host: 'a.test', port: 1, address: '127.0.0.1' }] });
    await expect(client.request('http://a.test:2/')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked).toEqual(['a.test']);
  });

  it('trusts further authorities, for the name of the URL', async () => {
    const port = await startTlsServer();
    const resolve = ['auth.gateway.test', 'other.test'].map((host) => ({ host, port, address: '127.0.0.1' }));
    const trusting = clientWith({ resolve, authorities: [AUTHORITY] });
    expect(await (await trusting.request(`https://auth.gateway.test:${port}/`)).text()).toBe(
      `auth.gateway.test:${port}`,
    );
    await expect(trusting.request(`https://other.test:${port}/`)).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await expect(clientWith({ resolve }).request(`https://auth.gateway.test:${port}/`)).rejects.toMatchObject(
      {
        code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      },
    );
  });

  it('follows no redirect', async () => {
    const port = await listen((_request, response) => response.writeHead(302, { location: '/x' }).end());
    expect((await clientWith().request(`http://127.0.0.1:${port}/`)).status).toBe(302);
  });

  it('gives up in time, also half way through a body', async () => {
    const port = await listen((request, response) => {
      if (request.url === '/half') response.writeHead(200).write('half');
    });
    const client = clientWith();
    for (const path of ['silent', 'half']) {
      const text = client
        .request(`http://127.0.0.1:${port}/${path}`, { timeoutMs: 50 })
        .then((answer) => answer.text());
      await expect(text).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    }
  });

  it('reads no endless body', async () => {
    const port = await listen((_request, response) => {
      const chunk = Buffer.alloc(256 * 1024);
      const more = (): void => void response.write(chunk, (error) => (error ? undefined : more()));
      more();
    });
    const answer = await clientWith().request(`http://127.0.0.1:${port}/`);
    await expect(answer.text()).rejects.toThrow(/larger than a megabyte/);
  });
});
