/**
 * What a result of 2026-07-28 must have and a server of the handshake era does not write (MCP 2026-07-28, Base Protocol,
 * "Responses"; Caching): `resultType`, `ttlMs` and `cacheScope`, and in `_meta` who the server is.
 */
import { parseExact } from '../messages/exact-json.ts';
import { isObject, type RpcId, type RpcResponse } from '../messages/json-rpc.ts';
import { META, without, type Members } from './envelope/envelope.ts';

/** The methods whose results a client may keep. */
const CACHEABLE = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'server/discover',
]);
/** Nothing is known about how long, and what a user may see is nobody else's. */
const CACHING = { ttlMs: 0, cacheScope: 'private' } as const;
/** An icon may be a picture as a `data:` URI, which is not repeated with each result. */
const MAX_INFO_CHARS = 1000;

/** Completes the results of one server. */
export class Results {
  readonly #meta: Members;
  /** What goes in at the beginning of a result that has nothing of it. */
  readonly #plain: string;
  readonly #cacheable: string;

  constructor(serverInfo: Members | undefined) {
    this.#meta = serverInfo !== undefined ? { [META.serverInfo]: short(serverInfo) } : {};
    const text = (members: object): string => JSON.stringify(members).slice(1, -1);
    const plain = { resultType: 'complete', _meta: this.#meta };
    this.#plain = text(plain);
    this.#cacheable = text({ ...plain, ...CACHING });
  }

  /** The text of a response with `result` and who the server is. */
  text(id: RpcId, result: Members): string {
    const meta = { ...this.#meta, ...(isObject(result['_meta']) ? result['_meta'] : {}) };
    return JSON.stringify({ jsonrpc: '2.0', id, result: { ...result, _meta: meta } });
  }

  /**
   * @param message what `line` says
   * @param line a server's answer to `method`, with a result
   */
  complete(method: string, { id, result }: RpcResponse, line: Buffer): Buffer {
    if (!isObject(result)) return line;
    const cacheable = CACHEABLE.has(method);
    if (isPlain(result) && !(method === 'tools/list' && hasExecution(result))) {
      const spliced = insert(line, id, cacheable ? this.#cacheable : this.#plain, isEmpty(result));
      if (spliced !== undefined) return spliced;
    }
    const answer = parseExact(line.toString('utf8')) as { result: Members };
    const exact = method === 'tools/list' ? withoutExecution(answer.result) : answer.result;
    const completed = { resultType: 'complete', ...(cacheable ? CACHING : {}), ...exact };
    return Buffer.from(this.text(id ?? '', completed));
  }
}

function short(info: Members): Members {
  if (JSON.stringify(info).length <= MAX_INFO_CHARS) return info;
  const { name, title, version } = info;
  return { name, title, version };
}

function isPlain(result: Members): boolean {
  return !('_meta' in result || 'resultType' in result || 'ttlMs' in result || 'cacheScope' in result);
}

function isEmpty(result: Members): boolean {
  for (const _key in result) return false;
  return true;
}

/** Splices `members` in behind the first brace of the result, where the beginning of the line is one that is known. */
function insert(line: Buffer, id: RpcId | null, members: string, empty: boolean): Buffer | undefined {
  for (const start of ['{"result":{', `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{`]) {
    const at = Buffer.byteLength(start);
    if (line.toString('utf8', 0, at) !== start) continue;
    return Buffer.concat([
      line.subarray(0, at),
      Buffer.from(empty ? members : `${members},`),
      line.subarray(at),
    ]);
  }
  return undefined;
}

function hasExecution({ tools }: Members): boolean {
  return Array.isArray(tools) && tools.some((tool) => isObject(tool) && 'execution' in tool);
}

/** `execution` belonged to the tasks of 2025-11-25, which are not part of this revision. */
function withoutExecution(result: Members): Members {
  const { tools } = result;
  if (!Array.isArray(tools)) return result;
  const left = tools.map((tool: unknown) => {
    if (!isObject(tool)) return tool;
    return without(tool, 'execution');
  });
  return { ...result, tools: left };
}
