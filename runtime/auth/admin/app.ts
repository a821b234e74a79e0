/**
 * The admin API of the authorization server: what `mcpgw client` and `mcpgw health` ask it. It is an application of its
 * own on a loopback socket of its own, so that no route of the edge can lead to it, and every request needs the bearer
 * token of `token.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../auth-context.ts';
import { readBearer } from '../bearer.ts';
import { registerClient } from '../clients/register.ts';
import { sendError } from '../error-replies.ts';
import { InvalidRequestError, InvalidTokenError } from '../errors.ts';
import { NOT_FOUND } from '../methods.ts';
import { deleteClient, listClients, showClient } from './clients.ts';
import { listEvents, revokeUser } from './events.ts';
import { endHealthTokens, issueHealthTokens } from './health-token.ts';
import { listKeys, rotateKeys } from './keys.ts';
import { createAdminTokenCheck } from './token.ts';

export interface Admin {
  /** Serves one request of a server that listens on loopback. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** RFC 6750 §3. */
const CHALLENGE = { 'www-authenticate': 'Bearer realm="mcpgw admin"' };
/** No request is larger, in bytes. */
const BODY_LIMIT = 16 * 1024;

const servicesSchema = z.object({ services: z.array(z.string()).min(1).max(200) });

const rotationSchema = z.object({ atOnce: z.boolean().optional(), revokeOld: z.boolean().optional() });

interface WithId {
  Params: { id: string };
}

export async function createAdmin(context: AuthContext): Promise<Admin> {
  const app = fastify({ logger: false, bodyLimit: BODY_LIMIT });
  const opens = createAdminTokenCheck(context.settings.rootSecret);
  app.addHook('onRequest', async (request) => {
    const token = readBearer(request.headers.authorization) ?? '';
    if (await opens(token, context.now())) return;
    throw new InvalidTokenError('This needs an admin token.', undefined, CHALLENGE);
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.setErrorHandler((error, request, reply) => sendError(context, error, request, reply, 'admin '));
  app.setNotFoundHandler((_request, reply) => notFound(reply));
  addRoutes(app, context);
  await app.ready();
  return {
    handle: (request, response) => app.routing(request, response),
    close: async () => {
      await app.close();
    },
  };
}

function addRoutes(app: FastifyInstance, context: AuthContext): void {
  app.get('/store', async () => {
    const begunMs = performance.now();
    await context.store.ping();
    return { ms: Math.round((performance.now() - begunMs) * 10) / 10 };
  });
  app.get('/clients', async () => ({ clients: await listClients(context) }));
  // Nothing of RFC 7591 is left out: who asks here is the operator, and knows what the client is for.
  app.post('/clients', async (request, reply) =>
    reply.code(201).send(await registerClient(context, request.body, true)),
  );
  app.get<WithId>('/clients/:id', async (request, reply) => {
    return (await showClient(context, request.params.id)) ?? notFound(reply);
  });
  app.delete<WithId>('/clients/:id', async (request, reply) => {
    return (await deleteClient(context, request.params.id)) ?? notFound(reply);
  });
  app.get('/keys', () => ({ keys: listKeys(context) }));
  app.post('/keys', (request) => {
    const { atOnce = false, revokeOld = false } = rotationSchema.parse(request.body ?? {});
    return rotateKeys(context, { atOnce, revokeOld });
  });
  app.get<{ Params: { limit: string } }>('/events/:limit', async (request) => {
    return { events: await listEvents(context, Number.parseInt(request.params.limit, 10) || 1) };
  });
  app.delete<WithId>('/users/:id', async (request, reply) => {
    const users = await revokeUser(context, request.params.id);
    return users.length === 0 ? notFound(reply) : { users };
  });
  app.post('/health-tokens', async (request) => {
    const body = servicesSchema.safeParse(request.body);
    if (!body.success) throw new InvalidRequestError('services must be a list of names.');
    return issueHealthTokens(context, body.data.services);
  });
  app.delete<WithId>('/health-tokens/:id', async (request, reply) => {
    return (await endHealthTokens(context, request.params.id)) ? { ended: true } : notFound(reply);
  });
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send(NOT_FOUND);
}
