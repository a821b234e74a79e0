/** Opens a child for requests without a session, in whichever era it speaks: 2026-07-28 if it does, else the handshake's. */
import type { Child, ChildHandlers } from '../../child/child.ts';
import { HANDSHAKE_VERSIONS } from '../../http.ts';
import { isObject } from '../../messages/json-rpc.ts';
import type { KnownEra } from '../../modern-child/era.ts';
import { discover } from '../../modern-child/probe.ts';
import { CLIENT_INFO } from '../../peer/client-info.ts';
import { PeerError, type PeerOptions } from '../../peer/peer-types.ts';
import { Peer } from '../../peer/peer.ts';
import { META, type Members } from '../envelope/envelope.ts';

/** What the server says of itself. */
export interface Hello {
  /** Speaks 2026-07-28, so that requests and results pass as they are. */
  modern: boolean;
  capabilities: Members;
  serverInfo: Members | undefined;
  /** The result of `server/discover`, or of `initialize`. */
  said: Members;
}

export interface OpenPeerOptions extends PeerOptions {
  /** Of the server; what is found out is noted there. */
  era: KnownEra;
  start(handlers: ChildHandlers): Child;
  /** Of the client, for a server that has to be told them with the handshake. */
  capabilities: Members;
}

export interface OpenedPeer {
  peer: Peer;
  hello: Hello;
}

/** @throws PeerError, after which the child is ended, or what `start` throws */
export async function openPeer(options: OpenPeerOptions): Promise<OpenedPeer> {
  const { era, capabilities } = options;
  const asked = era.modern === undefined;
  let peer = new Peer((handlers) => options.start(handlers), options);
  const discovered = era.modern === false ? undefined : await discover(peer);
  if (discovered === undefined && era.modern === true && !peer.ended) {
    const message = `The server of '${options.service}' did not answer server/discover.`;
    void peer.end(message);
    throw new PeerError(message, 504);
  }
  if (discovered !== undefined) {
    era.modern = true;
    const meta = discovered['_meta'];
    const serverInfo = isObject(meta) ? meta[META.serverInfo] : undefined;
    return { peer, hello: helloOf(true, discovered, serverInfo) };
  }
  if (asked) era.modern = false;
  // Servers of some SDKs end when the handshake does not come first: that is an answer, too.
  if (asked && peer.ended) peer = new Peer((handlers) => options.start(handlers), options);
  try {
    const [protocolVersion] = HANDSHAKE_VERSIONS;
    await peer.initialize({ protocolVersion, capabilities, clientInfo: CLIENT_INFO });
  } catch (error) {
    // It cannot be started at all, so nothing is known.
    if (asked) era.modern = undefined;
    throw error;
  }
  era.handshake = true;
  const said: Members = peer.initialized ?? {};
  return { peer, hello: helloOf(false, said, said['serverInfo']) };
}

export function helloOf(modern: boolean, said: Members, serverInfo: unknown): Hello {
  const { capabilities } = said;
  return {
    modern,
    capabilities: isObject(capabilities) ? capabilities : {},
    serverInfo: isObject(serverInfo) ? serverInfo : undefined,
    said,
  };
}
