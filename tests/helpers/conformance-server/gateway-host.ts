/** The conformance server as a service of one's own behind `mcpgw dev`, for a suite that cannot sign in. */
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { connectLegacy, Credentials } from '../mcp-clients.ts';
import { startDev } from '../mcpgw-process.ts';
import { stdioScript, type Host } from './hosts.ts';

const SERVICE = 'conformance';

/** Starts a gateway in a folder of its own, signs in, and adds the token to whatever it passes on. */
export async function hostGateway(): Promise<Host> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-conformance-'));
  mkdirSync(join(folder, 'services'));
  const service = {
    ...{ name: SERVICE, title: 'Conformance', description: 'For the suite.', kind: 'proxy' },
    ...{ command: [process.execPath, stdioScript('handshake')], clientRoots: true },
  };
  writeFileSync(join(folder, 'services', `${SERVICE}.yaml`), stringify(service));
  const env = { ...process.env, MCP_SPARE_CHILDREN: '2' };
  const dev = await startDev(['--services', SERVICE], { cwd: folder, env });
  const target = new URL(dev.urls[SERVICE] ?? '');
  const credentials = new Credentials('conformance');
  await (await connectLegacy(target.href, { credentials })).close();
  const token = String(credentials.held?.['access_token']);
  const server = createServer((req, res) => forward(req, res, target, token));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await dev.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, close };
}

/** Passes a request on as if it had been sent to `target` at once: our own host and origin become its, any other stays. */
function forward(req: IncomingMessage, res: ServerResponse, target: URL, token: string): void {
  const own = `127.0.0.1:${req.socket.localPort}`;
  const { host, origin } = req.headers;
  const headers = {
    ...req.headers,
    authorization: `Bearer ${token}`,
    host: host === own ? target.host : host,
    ...(origin === undefined ? {} : { origin: origin === `http://${own}` ? target.origin : origin }),
  };
  const options = {
    host: '127.0.0.1',
    port: target.port,
    path: target.pathname,
    method: req.method,
    headers,
  };
  const upstream = request(options, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    res.flushHeaders();
    answer.pipe(res);
  });
  upstream.on('error', () => res.destroy());
  res.on('close', () => upstream.destroy());
  req.pipe(upstream);
}
