/**
 * `echo-stateless`: the diagnostic tools without sessions. Each request gets a fresh server in either era, and nothing
 * is kept between two.
 */
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { factsOf } from '../echo/facts.ts';
import { createEchoServers } from '../echo/servers.ts';
import { echoTools } from '../echo/tools/index.ts';
import { RPC_SERVER_ERROR, rpcErrorResponse } from '../http.ts';
import { createModernEra } from '../modern.ts';
import {
  createNativeService,
  type NativeRequest,
  type NativeService,
  type NativeServiceOptions,
} from '../native.ts';
import { NativeMetrics } from '../native-metrics.ts';

export function createEchoStateless(options: NativeServiceOptions): NativeService {
  const facts = factsOf(options);
  const metrics = new NativeMetrics();
  const servers = createEchoServers(options, echoTools, metrics);
  const modern = createModernEra(servers.create, options.logger);

  const serveHandshakeEra = async ({ web, body }: NativeRequest): Promise<Response> => {
    // GET and DELETE are about sessions. "The server MUST either return Content-Type: text/event-stream in response to
    // this HTTP GET, or else return HTTP 405 Method Not Allowed" (Streamable HTTP).
    if (web.method !== 'POST')
      return rpcErrorResponse(405, RPC_SERVER_ERROR, 'Method not allowed.', { Allow: 'POST' });
    const server = servers.create();
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    // A client that leaves before it is answered must not leave its server behind.
    web.signal.addEventListener('abort', () => void server.close(), { once: true });
    const response = await transport.handleRequest(web, { parsedBody: body });
    await server.close();
    return response;
  };

  return createNativeService(options, {
    async serve(request) {
      const handshake = await modern.isHandshakeEra(request);
      servers.bind(request.web, { request, facts, era: handshake ? 'handshake' : 'modern' });
      return handshake ? serveHandshakeEra(request) : modern.serve(request);
    },
    sessions: () => 0,
    metrics,
    close: () => modern.close(),
  });
}
