/**
 * Roots (MCP 2025-11-25, Client Features, Roots): a server may ask its client which folders it may work in. Behind a
 * gateway the client is a remote person, and the folders would be the gateway's: a file server replaces the folders that
 * its operator allowed with whatever the client answers. So, unless a service is made for it, no server hears of roots.
 */
import { isObject, type RpcMessage, type RpcRequest } from './messages/json-rpc.ts';

/** The server's request. */
export const ROOTS_LIST = 'roots/list';
const ROOTS_CHANGED = 'notifications/roots/list_changed';

/** Whether it makes a server ask for roots, with the capability or without it. */
export function isRootsChange(message: RpcMessage): boolean {
  return message.kind === 'notification' && message.method === ROOTS_CHANGED;
}

/** @returns `initialize` without the client's capability to be asked for roots */
export function withoutRoots(initialize: RpcRequest): RpcRequest {
  const { params } = initialize;
  if (params === undefined) return initialize;
  const members = Object.entries(params).map(([name, value]): [string, unknown] => {
    if (!isCapabilityNamed(name, 'CAPABILITIES') || !isObject(value)) return [name, value];
    return [
      name,
      Object.fromEntries(Object.entries(value).filter(([key]) => !isCapabilityNamed(key, 'ROOTS'))),
    ];
  });
  return { ...initialize, params: Object.fromEntries(members) };
}

/** @param upperCase what is sought. Go's encoding/json, for one, takes `Roots` and `rootſ` for `roots`. */
export function isCapabilityNamed(name: string, upperCase: string): boolean {
  return name.toUpperCase() === upperCase;
}
