/**
 * Ids by name for what the server asks its client: `user_name` instead of a number. A client of 2026-07-28 sees the
 * requests of a call in a map, and the conformance suite looks some of them up by their names in it.
 */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

/** The member of a request's `_meta` that says what its id shall be; the client does not see it. */
const NAME = 'conformance/request-name';

/** @returns what goes into a request's `_meta` so that its id becomes `name`, where no other request has it just then */
export function named(name: string): Record<string, string> {
  return { [NAME]: name };
}

/** @param transport a server's, after it was connected */
export function nameRequests(transport: Transport): void {
  /** The server's own number, by the id that its client knows. */
  const pending = new Map<RequestId, RequestId>();
  const send = transport.send.bind(transport);
  transport.send = (message, options) => send(renamed(message, pending), options);
  const receive = transport.onmessage;
  transport.onmessage = (message, extra) => {
    if (!('method' in message) && message.id !== undefined) {
      const own = pending.get(message.id);
      pending.delete(message.id);
      receive?.(own === undefined ? message : { ...message, id: own }, extra);
      return;
    }
    receive?.(message, extra);
  };
}

function renamed(message: JSONRPCMessage, pending: Map<RequestId, RequestId>): JSONRPCMessage {
  if (!('method' in message)) return message;
  if (!('id' in message)) return withKnownId(message, pending);
  const { _meta, ...params } = message.params ?? {};
  const { [NAME]: name, ...meta } = _meta ?? {};
  if (typeof name !== 'string') return message;
  const id = pending.has(name) ? `${name}-${message.id}` : name;
  pending.set(id, message.id);
  return { ...message, id, params: Object.keys(meta).length === 0 ? params : { ...params, _meta: meta } };
}

/** `notifications/cancelled` of a request under the id that the client knows. */
function withKnownId<T extends JSONRPCMessage & { method: string }>(
  message: T,
  pending: Map<RequestId, RequestId>,
): T {
  if (message.method !== 'notifications/cancelled') return message;
  const { params } = message as { params?: { requestId?: RequestId } };
  const known = [...pending].find(([, own]) => own === params?.requestId)?.[0];
  return known === undefined ? message : { ...message, params: { ...params, requestId: known } };
}
