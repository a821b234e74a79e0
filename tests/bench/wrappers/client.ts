/** A client that costs little: it reads an answer whole and looks for what it must contain. */
import { Pool } from 'undici';

const VERSION = '2025-06-18';
const MODERN = '2026-07-28';
const META = 'io.modelcontextprotocol/';
const BASE = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

export interface Call {
  (id: number): Promise<void>;
}

export interface ClientSession {
  call: Call;
  /** Milliseconds from sending `initialize` to the end of its answer. */
  firstAnswerMs: number;
  /** A GET stream, which stays open. */
  listen(): Promise<void>;
  delete(): Promise<void>;
}

/** All connections of one client. */
export class BenchClient {
  readonly #pool: Pool;
  readonly #headers: Record<string, string>;

  /** @param headers of every request */
  constructor(origin: string, headers: Record<string, string> = {}, connections = 16) {
    this.#pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 600_000 });
    this.#headers = { ...BASE, ...headers };
  }

  async open(): Promise<ClientSession> {
    const params = {
      protocolVersion: VERSION,
      capabilities: {},
      clientInfo: { name: 'bench', version: '1' },
    };
    const begunMs = performance.now();
    const { headers, text } = await this.#post(rpc('initialize', params, 0), {});
    const firstAnswerMs = performance.now() - begunMs;
    const session = headers['mcp-session-id'];
    if (!text.includes('"serverInfo"') || typeof session !== 'string')
      throw new Error(`initialize: ${text.slice(0, 300)}`);
    const own = { 'mcp-session-id': session, 'mcp-protocol-version': VERSION };
    await this.#post(rpc('notifications/initialized'), own);
    return {
      firstAnswerMs,
      call: async (id) => checkEcho((await this.#post(echoBody(id), own)).text, id),
      listen: async () => {
        const request = { path: '/mcp', method: 'GET', headers: { ...this.#headers, ...own } } as const;
        const { body } = await this.#pool.request(request);
        body.on('error', () => undefined);
      },
      delete: async () => {
        const request = { path: '/mcp', method: 'DELETE', headers: { ...this.#headers, ...own } } as const;
        await (await this.#pool.request(request)).body.dump();
      },
    };
  }

  /** The same call without a session, as in 2026-07-28. */
  readonly modernCall: Call = async (id) => {
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': 'tools/call', 'mcp-name': 'echo' };
    checkEcho((await this.#post(echoBody(id, MODERN_META), headers)).text, id);
  };

  /** Ends all connections at once, as a client does that is killed. */
  async vanish(): Promise<void> {
    await this.#pool.destroy();
  }

  async #post(
    body: string,
    own: Record<string, string>,
  ): Promise<{ headers: Record<string, unknown>; text: string }> {
    const request = { path: '/mcp', method: 'POST', headers: { ...this.#headers, ...own }, body } as const;
    const { statusCode, headers, body: answer } = await this.#pool.request(request);
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`${statusCode}: ${text.slice(0, 300)}`);
    return { headers, text };
  }
}

const MODERN_META = {
  [`${META}protocolVersion`]: MODERN,
  [`${META}clientInfo`]: { name: 'bench', version: '1' },
  [`${META}clientCapabilities`]: {},
};

export function rpc(method: string, params?: object, id?: number): string {
  return JSON.stringify({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params });
}

/** Both the fixture of the tests and server-everything have such a tool. */
export function echoBody(id: number, meta?: object): string {
  const said = `hello ${id}.`;
  const params = { name: 'echo', arguments: { message: said, text: said }, ...(meta && { _meta: meta }) };
  return rpc('tools/call', params, id);
}

/** @throws Error for an answer that is not this call's */
export function checkEcho(answer: string, id: number): void {
  if (!answer.includes(`hello ${id}.`) || !answer.includes(`"id":${id}`))
    throw new Error(`call ${id} was answered: ${answer.slice(0, 300)}`);
}
