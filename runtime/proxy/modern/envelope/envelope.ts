/**
 * What a client of 2026-07-28 says about itself with each request, in `_meta` (MCP 2026-07-28, Base Protocol, "_meta":
 * the protocol version and the client's capabilities are required, the rest is not), and what of it a server of the
 * handshake era may see.
 */
import { MODERN_VERSION, type Refusal } from '../../http.ts';
import { ErrorCode, isObject } from '../../messages/json-rpc.ts';
import { isLogLevel, LOG_LEVELS, type LogLevel } from '../../messages/log-level.ts';

const RESERVED = 'io.modelcontextprotocol/';
export const META = {
  version: `${RESERVED}protocolVersion`,
  clientInfo: `${RESERVED}clientInfo`,
  capabilities: `${RESERVED}clientCapabilities`,
  logLevel: `${RESERVED}logLevel`,
  serverInfo: `${RESERVED}serverInfo`,
  subscription: `${RESERVED}subscriptionId`,
} as const;
const OF_THE_ENVELOPE: ReadonlySet<string> = new Set([
  META.version,
  META.clientInfo,
  META.capabilities,
  META.logLevel,
]);

export type Members = Record<string, unknown>;

export interface Envelope {
  version: string;
  capabilities: Members;
  /** From which severity on the client wants log messages; none without it. */
  logLevel: LogLevel | undefined;
}

/** Whether the sender says that the message is of the era without handshakes. */
export function claimsEnvelope(params: Members | undefined): boolean {
  const meta = params?.['_meta'];
  return isObject(meta) && META.version in meta;
}

/** Dated revisions sort by name. */
export function isModernVersion(version: string | undefined): boolean {
  return version !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= MODERN_VERSION;
}

/** @returns the envelope, or -32602 with what is missing or wrong in it */
export function readEnvelope(params: Members | undefined): Envelope | Refusal {
  const meta = params?.['_meta'];
  if (!isObject(meta)) return invalid('_meta', 'is missing');
  const { [META.version]: version, [META.capabilities]: capabilities } = meta;
  if (typeof version !== 'string') return invalid(META.version, 'must be a protocol version');
  if (!isObject(capabilities)) return invalid(META.capabilities, 'must be an object');
  for (const [name, value] of Object.entries(capabilities)) {
    if (!isObject(value)) return invalid(META.capabilities, `must have an object as ${name}`);
  }
  const { [META.clientInfo]: info, [META.logLevel]: level } = meta;
  if (info !== undefined && !isObject(info)) return invalid(META.clientInfo, 'must be an object');
  if (level !== undefined && !isLogLevel(level))
    return invalid(META.logLevel, `must be one of ${LOG_LEVELS.join(', ')}`);
  return { version, capabilities, logLevel: level };
}

function invalid(key: string, problem: string): Refusal {
  const message = `Invalid params: ${key} of protocol ${MODERN_VERSION} ${problem}.`;
  return { status: 400, code: ErrorCode.invalidParams, message, data: { envelope: { key, problem } } };
}

export function without(members: Members, ...names: string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}

/** @returns the params without what a server of the handshake era does not know; `_meta` keeps everything else */
export function withoutEnvelope(params: Members): Members {
  const rest = without(params, '_meta', 'inputResponses', 'requestState');
  const { _meta } = params;
  if (!isObject(_meta)) return rest;
  const left = Object.entries(_meta).filter(([key]) => !OF_THE_ENVELOPE.has(key));
  return left.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(left) };
}
