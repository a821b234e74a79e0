/**
 * Finds out whether a child speaks 2026-07-28, as its stdio page says: `server/discover` first, and what answers with an
 * error or not at all is of the handshake era (MCP 2026-07-28, stdio, "Backward Compatibility").
 */
import { MODERN_VERSION } from '../http.ts';
import { isObject, type RpcRequest } from '../messages/json-rpc.ts';
import { META, type Members } from '../modern/envelope/envelope.ts';
import { CLIENT_INFO } from '../peer/client-info.ts';
import type { Peer } from '../peer/peer.ts';

/** A server answers this as soon as it has started, or it does not know it. */
const TIMEOUT_MS = 10_000;

/** What is said with a request of the proxy's own. */
export const OWN_META = {
  [META.version]: MODERN_VERSION,
  [META.clientInfo]: CLIENT_INFO,
  [META.capabilities]: {},
} as const;

/** @returns the result of `server/discover`; undefined when the child is not of the era */
export async function discover(peer: Peer): Promise<Members | undefined> {
  const params = { _meta: OWN_META };
  const request: RpcRequest = { kind: 'request', id: 'discover', method: 'server/discover', params };
  const answer = await peer.ask(request, TIMEOUT_MS);
  const result = answer?.result;
  const versions = isObject(result) ? result['supportedVersions'] : undefined;
  if (!isObject(result) || !Array.isArray(versions) || !versions.includes(MODERN_VERSION)) return undefined;
  peer.ready = true;
  return result;
}
