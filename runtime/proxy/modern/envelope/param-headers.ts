/**
 * Arguments of a tool that a client repeats in `Mcp-Param-*` because the tool's schema says so with `x-mcp-header` (MCP
 * 2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters").
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from '../../http.ts';
import { plainText } from '../../messages/exact-json.ts';
import { isObject } from '../../messages/json-rpc.ts';
import { decodeValue, mismatch } from './headers.ts';

/** One annotated property. */
export interface ParamHeader {
  /** As the schema names it, without the prefix. */
  name: string;
  /** Where the value stands in the arguments. */
  path: string[];
  type: string;
}

const ANNOTATION = 'x-mcp-header';
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** `number` is not among those that a schema may annotate, but a value that is there is checked nevertheless. */
const TYPES = new Set(['string', 'integer', 'boolean', 'number']);
const DECIMAL = /^-?\d+(\.\d+)?$/;
const MAX_DEPTH = 32;

/**
 * @param schema a tool's `inputSchema`
 * @returns its annotations; none when one of them is invalid, because clients do not offer such a tool then
 */
export function paramHeadersOf(schema: unknown): ParamHeader[] {
  const found: ParamHeader[] = [];
  const visit = (node: unknown, path: string[]): boolean => {
    if (!isObject(node) || path.length > MAX_DEPTH) return true;
    if (ANNOTATION in node) {
      const { [ANNOTATION]: name, type } = node;
      if (path.length === 0 || typeof name !== 'string' || !TOKEN.test(name)) return false;
      if (typeof type !== 'string' || !TYPES.has(type)) return false;
      if (found.some((other) => other.name.toLowerCase() === name.toLowerCase())) return false;
      found.push({ name, path, type });
    }
    const { properties } = node;
    if (!isObject(properties)) return true;
    return Object.entries(properties).every(([key, child]) => visit(child, [...path, key]));
  };
  return visit(schema, []) ? found : [];
}

/** @returns the refusal when a header does not say what the arguments say; an absent or null argument needs none */
export function checkParamHeaders(
  declared: readonly ParamHeader[],
  args: unknown,
  headers: IncomingHttpHeaders,
): Refusal | undefined {
  for (const { name, path, type } of declared) {
    const value = valueAt(args, path);
    if (!['string', 'number', 'boolean'].includes(typeof value)) continue;
    const where = path.join('.');
    const header = headers[`mcp-param-${name.toLowerCase()}`];
    if (header === undefined) return mismatch(`Mcp-Param-${name} is missing beside the argument ${where}`);
    const decoded = decodeValue(String(header));
    if (decoded === undefined) return mismatch(`Mcp-Param-${name} is not valid Base64`);
    const numeric = (type === 'integer' || type === 'number') && typeof value === 'number';
    const same = numeric && DECIMAL.test(decoded) ? Number(decoded) === value : decoded === plainText(value);
    if (!same) return mismatch(`Mcp-Param-${name} is not the argument ${where}`);
  }
  return undefined;
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let node = args;
  for (const key of path) {
    if (!isObject(node) || !Object.hasOwn(node, key)) return undefined;
    node = node[key];
  }
  return node;
}
