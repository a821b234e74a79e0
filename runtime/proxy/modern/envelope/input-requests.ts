/** The requests of servers that 2026-07-28 turned into parts of a result (MCP 2026-07-28, Multi Round-Trip Requests). */
import { isCapabilityNamed } from '../../client-roots.ts';
import { isObject, type RpcRequest } from '../../messages/json-rpc.ts';
import { META, type Members } from './envelope.ts';

const CAPABILITIES = new Map([
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
]);

/** Requests whose result may be `input_required`. */
export const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** @returns the capability of a client that can be asked this; undefined when no client can */
export function capabilityFor(method: string): string | undefined {
  return CAPABILITIES.get(method);
}

export function canBeAsked(capabilities: Members): boolean {
  return [...CAPABILITIES.values()].some((name) => name in capabilities);
}

/** @returns what a child of the handshake era is told of its client: nothing of tasks, and of roots only where it may */
export function childCapabilities(capabilities: Members, clientRoots: boolean): Members {
  const entries = Object.entries(capabilities).filter(
    ([name]) => !isCapabilityNamed(name, 'TASKS') && (clientRoots || !isCapabilityNamed(name, 'ROOTS')),
  );
  return Object.fromEntries(entries);
}

/** @returns the request without the capability to be asked for roots, and without roots that nobody asked for */
export function withoutClientRoots(request: RpcRequest): RpcRequest {
  const { params } = request;
  const meta = params?.['_meta'];
  const capabilities = isObject(meta) ? meta[META.capabilities] : undefined;
  const answers = params?.['inputResponses'];
  const named = (members: unknown): boolean =>
    isObject(members) && Object.keys(members).some((name) => isCapabilityNamed(name, 'ROOTS'));
  const tells = isObject(answers) && Object.values(answers).some(named);
  if (!isObject(meta) || !isObject(capabilities) || !(named(capabilities) || tells)) return request;
  const left = Object.entries(capabilities).filter(([name]) => !isCapabilityNamed(name, 'ROOTS'));
  const _meta = { ...meta, [META.capabilities]: Object.fromEntries(left) };
  if (!isObject(answers)) return { ...request, params: { ...params, _meta } };
  const inputResponses = Object.fromEntries(Object.entries(answers).filter(([, answer]) => !named(answer)));
  return { ...request, params: { ...params, _meta, inputResponses } };
}

/** Whether the value has the shape of an answer to `method`. */
export function isAnswerTo(method: string, value: unknown): boolean {
  if (!isObject(value)) return false;
  if (method === 'elicitation/create') return typeof value['action'] === 'string';
  if (method === 'roots/list') return Array.isArray(value['roots']);
  return typeof value['role'] === 'string' && typeof value['model'] === 'string' && 'content' in value;
}

/** @returns why the members of a retry are no such members, or undefined */
export function badRetry({ params }: RpcRequest): string | undefined {
  const { inputResponses, requestState } = params ?? {};
  if (inputResponses !== undefined) {
    const whole = isObject(inputResponses) && Object.values(inputResponses).every(isObject);
    if (!whole) return 'inputResponses must be an object of results.';
  }
  if (requestState !== undefined && typeof requestState !== 'string') return 'requestState must be a string.';
  return undefined;
}
