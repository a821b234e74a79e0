/**
 * The device authorization endpoint, RFC 8628 §3.1 and §3.2: for terminals without a browser. The person opens the page
 * of `verification.ts` on another device; the terminal asks the token endpoint meanwhile.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomToken } from '../../config/secrets.ts';
import type { AuthContext } from '../auth-context.ts';
import { UnauthorizedClientError } from '../errors.ts';
import { sha256 } from '../hashing.ts';
import { readParameters } from '../parameters.ts';
import { readAccess } from '../sign-in/authorize.ts';
import { authenticate } from '../tokens/caller.ts';
import { grantType } from '../tokens/grants/device-code.ts';
import { AFTERLIFE_SECONDS, DEVICE_CODE_SECONDS, deviceIdOf, POLL_SECONDS } from './device-codes.ts';
import { makeUserCode } from './user-code.ts';

/** `POST /device-authorization`. §3.1: "The client authentication requirements of Section 3.2.1 of [RFC6749] apply". */
export async function deviceAuthorization(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { store, issuer, limiter, now } = context;
  const parameters = readParameters(request.body);
  const client = await authenticate(context, request, parameters);
  if (!client.metadata.grant_types.includes(grantType))
    throw new UnauthorizedClientError('The client did not register this grant type.');
  const access = readAccess(context, parameters);
  await limiter.admit('devices');
  const secret = randomToken();
  const { id, userCode } = await put();
  context.audit('device_requested', {
    client: client.id,
    clientName: client.metadata.client_name,
    resources: access.resources,
    scope: access.scopes.join(' '),
  });
  const verificationUri = `${issuer}/device`;
  return reply.header('cache-control', 'no-store').send({
    device_code: `${id}.${secret}`,
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
    expires_in: DEVICE_CODE_SECONDS,
    interval: POLL_SECONDS,
  });

  /** Under a code that no other request has: it is never replaced. */
  async function put(): Promise<{ id: string; userCode: string }> {
    const userCode = makeUserCode();
    const id = deviceIdOf(context, userCode);
    const added = await store.addRecord('device', id, {
      id,
      secretHash: sha256(secret),
      clientId: client.id,
      ...access,
      status: 'pending',
      intervalSeconds: POLL_SECONDS,
      expiresAtMs: now() + (DEVICE_CODE_SECONDS + AFTERLIFE_SECONDS) * 1000,
    });
    return added ? { id, userCode } : put();
  }
}
