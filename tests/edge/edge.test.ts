import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../runtime/config/log.ts';
import type { Topology } from '../../runtime/config/topology.ts';
import { createEdge, type EdgeOptions } from '../../runtime/edge/edge.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** An edge before an auth and services that answer with what they got. */
async function edge(topology: Topology, options: Partial<EdgeOptions> = {}) {
  const asked: string[] = [];
  const report = (who: string) => (request: IncomingMessage, response: { end(text: string): void }) =>
    response.end(
      JSON.stringify({ who, url: request.url, headers: request.headers, raw: request.rawHeaders }),
    );
  const server = createServer(
    createEdge({
      topology,
      verify: (service, { headers: { authorization } }) => {
        asked.push(service);
        return authorization === 'Bearer good'
          ? { status: 200, headers: { 'x-user-id': 'local:alice', 'x-mcpgw-context': 'signed' } }
          : {
              status: 401,
              headers: { 'www-authenticate': `Bearer x="${service}"` },
              body: { error: 'invalid_token' },
            };
      },
      auth: report('auth'),
      service: (name) => ({ handle: report(name), passAuthorization: name === 'echo-stateful' }),
      corsOrigins: ['https://app.example'],
      logger: silentLogger,
      ...options,
    }),
  );
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const send = (path: string, headers: Record<string, string | string[]> = {}, method = 'GET') =>
    new Promise<Reply>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path, method, headers }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      })
        .on('error', reject)
        .end();
    });
  return { send, asked, port };
}

const path: Topology = {
  mode: 'path',
  scheme: 'http',
  domain: 'localhost',
  port: 8080,
  services: ['echo-stateful', 'memory'],
};
const subdomain: Topology = { ...path, mode: 'subdomain', scheme: 'https', domain: 'd.example' };
const host = { host: 'localhost:8080' };
const good = { ...host, authorization: 'Bearer good' };

describe('invariant 5: the service comes from the route, an unknown Host is refused', () => {
  it('asks /verify for the service of the route', async () => {
    const { send, asked } = await edge(path);
    expect((await send('/memory/mcp', good)).status).toBe(200);
    expect((await send('/echo-stateful/mcp/', good)).status).toBe(200);
    await send('/memory/mcp', {
      ...host,
      'x-forwarded-uri': '/echo-stateful/mcp',
      'x-original-url': '/echo-stateful/mcp',
    });
    expect(asked).toEqual(['memory', 'echo-stateful', 'memory']);
  });

  it.each([
    'evil.example',
    'localhost',
    'localhost:9999',
    '127.0.0.1:8080',
    'localhost:8080.evil.example',
    '',
  ])('answers 421 to Host %j', async (name) => {
    const { send, asked } = await edge(path);
    expect((await send('/memory/mcp', { host: name, authorization: 'Bearer good' })).status).toBe(421);
    expect(asked).toEqual([]);
  });

  it('takes the alias of a gateway behind a tunnel, and any case', async () => {
    const { send } = await edge(
      { ...path, scheme: 'https', domain: 'x.example' },
      { aliases: ['localhost:8080'] },
    );
    expect((await send('/memory/mcp', good)).status).toBe(200);
    expect((await send('/memory/mcp', { ...good, host: 'X.Example:8080' })).status).toBe(200);
  });

  it.each(['/echo-stateful/../memory/mcp', '/echo-stateful/%2e%2e/memory/mcp', '//memory/mcp'])(
    'refuses %s, which can be read in two ways',
    async (target) => {
      const { send, asked } = await edge(path);
      expect((await send(target, good)).status).toBe(400);
      expect(asked).toEqual([]);
    },
  );
});

describe('invariant 6: identity headers from outside never arrive, /verify is not reachable', () => {
  const spoofed = {
    'X-User-Id': 'root',
    'x-user-name': 'root',
    'X-Client-ID': 'evil',
    'X-Mcpgw-Context': 'forged',
    X_User_Id: 'root',
    'X-Forwarded-For': '1.2.3.4',
    Forwarded: 'for=1.2.3.4',
    'X-Real-Ip': '1.2.3.4',
  };

  it('removes them before a service and before auth', async () => {
    const { send } = await edge(path);
    const service = (await send('/memory/mcp', { ...good, ...spoofed })).body;
    expect(service).not.toMatch(/root|evil|forged|1\.2\.3\.4/);
    expect(JSON.parse(service)).toMatchObject({
      headers: { 'x-user-id': 'local:alice', 'x-mcpgw-context': 'signed' },
    });
    expect((await send('/token', { ...host, ...spoofed })).body).not.toMatch(/root|evil|forged|1\.2\.3\.4/);
  });

  it.each(['/verify/memory', '/verify', '/health', '/internal/x', '/metrics'])(
    '%s is 404',
    async (target) => {
      const { send } = await edge(path);
      expect((await send(target, good)).status).toBe(404);
    },
  );

  it("takes auth's cookie away", async () => {
    const { send } = await edge(path);
    expect((await send('/echo-stateful/mcp', { ...good, cookie: 'mcpgw=browser' })).body).not.toContain(
      'browser',
    );
    expect((await send('/authorize', { ...host, cookie: 'mcpgw=browser' })).body).toContain('browser');
  });

  it('takes the token away, but for the diagnostics', async () => {
    const { send } = await edge(path);
    expect((await send('/memory/mcp', good)).body).not.toContain('Bearer good');
    expect((await send('/echo-stateful/mcp', good)).body).toContain('Bearer good');
  });
});

describe('RFC 9112 §3.2', () => {
  it('refuses a second Host', async () => {
    const { port } = await edge(path);
    const socket = connect(port, '127.0.0.1');
    socket.end(
      'GET /memory/mcp HTTP/1.1\r\nHost: localhost:8080\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    );
    let reply = '';
    for await (const chunk of socket) reply += String(chunk);
    expect(reply).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('takes the absolute form, and its host before the header', async () => {
    const { send } = await edge(path);
    expect((await send('http://localhost:8080/memory/mcp', good)).status).toBe(200);
    expect((await send('http://evil.example/memory/mcp', good)).status).toBe(421);
  });
});

describe('routing', () => {
  it('is 401 with the challenge below a service, never 404, without a token', async () => {
    const { send } = await edge(path);
    for (const target of ['/memory/mcp', '/memory', '/memory/other', '/memory/mcp/verify/x']) {
      const reply = await send(target, host);
      expect([target, reply.status, reply.headers['www-authenticate']]).toEqual([
        target,
        401,
        'Bearer x="memory"',
      ]);
    }
    expect((await send('/memory/other', good)).status).toBe(404);
    expect((await send('/other', good)).status).toBe(404);
  });

  it('serves the metadata of a service in all places where it is looked for', async () => {
    const inPath = await edge(path);
    for (const target of [
      '/.well-known/oauth-protected-resource/memory/mcp',
      '/.well-known/oauth-protected-resource/memory',
      '/memory/mcp/.well-known/oauth-protected-resource',
      '/memory/.well-known/oauth-protected-resource',
    ]) {
      const { url } = JSON.parse((await inPath.send(target, host)).body);
      expect(url).toBe('/.well-known/oauth-protected-resource/memory');
    }
    const inSubdomain = await edge(subdomain);
    for (const target of [
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-protected-resource/mcp',
    ]) {
      const { url } = JSON.parse((await inSubdomain.send(target, { host: 'memory.d.example:8080' })).body);
      expect(url).toBe('/.well-known/oauth-protected-resource/memory');
    }
  });

  it('serves the metadata of the authorization server on the hosts of services, for clients of 2025-03-26', async () => {
    const wellKnown = '/.well-known/oauth-authorization-server';
    const inSubdomain = await edge(subdomain);
    for (const target of [wellKnown, `${wellKnown}/mcp`, `/mcp${wellKnown}`]) {
      const { body } = await inSubdomain.send(target, { host: 'memory.d.example:8080' });
      expect(JSON.parse(body)).toMatchObject({ who: 'auth', url: wellKnown });
    }
    const inPath = await edge(path);
    for (const target of [`${wellKnown}/memory/mcp`, `/memory${wellKnown}`, `/memory/mcp${wellKnown}`]) {
      expect(JSON.parse((await inPath.send(target, host)).body)).toMatchObject({
        who: 'auth',
        url: wellKnown,
      });
    }
  });

  it('sends what clients of 2025-03-26 make up on the MCP host to the issuer', async () => {
    const { send } = await edge(subdomain);
    const onService = { host: 'memory.d.example:8080' };
    const reply = await send('/authorize?a=b', onService);
    expect([reply.status, reply.headers.location]).toEqual([
      302,
      'https://auth.d.example:8080/authorize?a=b',
    ]);
    expect(JSON.parse((await send('/token', onService, 'POST')).body)).toMatchObject({
      who: 'auth',
      url: '/token',
    });
    expect(JSON.parse((await send('/register', onService, 'POST')).body)).toMatchObject({
      who: 'auth',
      url: '/register',
    });
  });

  it('answers a preflight of a configured origin alone, without a token', async () => {
    const { send, asked } = await edge(path);
    const ask = {
      ...host,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'mcp-param-a',
    };
    const yes = await send('/memory/mcp', { ...ask, origin: 'https://app.example' }, 'OPTIONS');
    expect(yes.status).toBe(204);
    expect(yes.headers['access-control-allow-origin']).toBe('https://app.example');
    expect(yes.headers['access-control-allow-headers']).toMatch(/Mcp-Session-Id.*mcp-param-a/);
    const no = await send('/memory/mcp', { ...ask, origin: 'https://evil.example' }, 'OPTIONS');
    expect(no.headers['access-control-allow-origin']).toBeUndefined();
    expect(asked).toEqual([]);
    // An OPTIONS that is no preflight is a request like others.
    expect((await send('/memory/mcp', host, 'OPTIONS')).status).toBe(401);
  });

  it('answers 503 with Retry-After for a service that is not ready', async () => {
    const { send } = await edge(path, { service: () => undefined });
    const reply = await send('/memory/mcp', good);
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '5']);
  });

  it('asks nobody to come back for a service that is not going to be ready', async () => {
    const { send } = await edge(path, { service: () => 'failed' });
    const reply = await send('/memory/mcp', good);
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, undefined]);
    expect(reply.body).toContain('memory could not be started');
  });

  it('answers a fault of its own with server_error, without detail', async () => {
    const { send } = await edge(path, { verify: () => Promise.reject(new Error('secret detail')) });
    const reply = await send('/memory/mcp', good);
    expect(reply.status).toBe(500);
    expect(reply.body).not.toContain('secret');
  });
});
