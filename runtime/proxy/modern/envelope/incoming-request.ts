/**
 * Which POSTs belong to the era without handshakes, and what is wrong with them before anybody is asked (MCP 2026-07-28,
 * Streamable HTTP; Versioning). The body decides; a header alone makes no request modern that `initialize` began.
 */
import type { IncomingMessage } from 'node:http';
import { headerOf, unsupportedVersion } from '../../checks.ts';
import { MODERN_VERSION, SESSION_HEADER, VERSION_HEADER, type Refusal } from '../../http.ts';
import { plainText } from '../../messages/exact-json.ts';
import type { IncomingBody } from '../../messages/incoming.ts';
import { ErrorCode, isObject, type RpcNotification, type RpcRequest } from '../../messages/json-rpc.ts';
import { claimsEnvelope, isModernVersion, META, readEnvelope, type Envelope } from './envelope.ts';
import { disagreement, mismatch, missingHeader } from './headers.ts';

/** What the revision has no more, and servers of the handshake era would answer. */
const REMOVED: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);

export function isModernPost(req: IncomingMessage, { incoming }: IncomingBody): boolean {
  if (incoming.some(({ message }) => message.kind !== 'response' && claimsEnvelope(message.params)))
    return true;
  if (isModernVersion(headerOf(req, VERSION_HEADER))) return true;
  const first = incoming[0]?.message;
  const discovers = first?.kind === 'request' && first.method === 'server/discover';
  return discovers && headerOf(req, SESSION_HEADER) === undefined;
}

/** GET and DELETE are no part of the revision. */
export function isModernHeader(req: IncomingMessage): boolean {
  return isModernVersion(headerOf(req, VERSION_HEADER));
}

export type Checked = { request: RpcRequest; envelope: Envelope } | 'notification' | Refusal;

/** @returns the request, `notification`, or the first thing that is wrong with the message */
export function checkModernPost(req: IncomingMessage, { incoming, batch }: IncomingBody): Checked {
  const message = incoming[0]?.message;
  if (batch || message === undefined) return invalid(`${MODERN_VERSION} has no batches.`);
  if (message.kind === 'response') return invalid(`${MODERN_VERSION} has no responses of clients.`);
  if (message.kind === 'notification') return checkNotification(req, message);
  if (message.method === 'initialize' && !claimsEnvelope(message.params))
    return mismatch(`MCP-Protocol-Version is ${headerOf(req, VERSION_HEADER)}, which has no initialize`);
  const envelope = readEnvelope(message.params);
  if ('status' in envelope) return envelope;
  const refusal =
    disagreement(req.headers, envelope.version, message.method) ??
    checkVersion(envelope.version) ??
    missingHeader(req.headers, message);
  if (refusal !== undefined) return refusal;
  return REMOVED.has(message.method) ? methodNotFound(message.method) : { request: message, envelope };
}

function methodNotFound(method: string): Refusal {
  return { status: 404, code: ErrorCode.methodNotFound, message: `Method not found: ${method}` };
}

function checkNotification(
  req: IncomingMessage,
  { method, params }: RpcNotification,
): Refusal | 'notification' {
  const meta = params?.['_meta'];
  const version =
    isObject(meta) && META.version in meta
      ? plainText(meta[META.version])
      : (headerOf(req, VERSION_HEADER) ?? MODERN_VERSION);
  return disagreement(req.headers, version, method) ?? checkVersion(version) ?? 'notification';
}

function checkVersion(version: string): Refusal | undefined {
  return version === MODERN_VERSION ? undefined : unsupportedVersion(version);
}

function invalid(message: string): Refusal {
  return { status: 400, code: ErrorCode.invalidRequest, message };
}
