/** What a service says to whoever comes without a token: the start of every sign-in (RFC 9728 §5.1). */
import type { GatewayService } from '../../net/gateway.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { CheckFailure, type Finding } from '../check.ts';
import { initializeRequest } from '../mcp-session.ts';
import { resourceMetadataUrl } from './documents.ts';

export async function checkChallenge(
  client: HttpClient,
  service: GatewayService,
  protocolVersion: string,
): Promise<Finding> {
  const answer = await client.request(service.url, initializeRequest(protocolVersion));
  await answer.text();
  if (answer.status !== 401) {
    const open = answer.status < 300;
    throw new CheckFailure(
      open
        ? `without a token it answers ${answer.status} and not 401`
        : `answered with ${answer.status} instead of 401`,
      open
        ? 'the service is open to anybody: stop it (mcpgw down) and run mcpgw up'
        : 'see mcpgw logs traefik auth',
    );
  }
  const challenge = answer.headers['www-authenticate'] ?? '';
  const named = /^Bearer\b.*?\bresource_metadata="([^"]*)"/i.exec(challenge)?.[1];
  const expected = resourceMetadataUrl(service);
  if (named !== expected) {
    throw new CheckFailure(
      `the 401 names ${named === undefined ? 'no resource_metadata' : named}, so clients do not find the sign-in`,
      `it should be ${expected}: run mcpgw up; is a proxy in front that takes the WWW-Authenticate header away?`,
    );
  }
  return { detail: 'names its metadata' };
}
