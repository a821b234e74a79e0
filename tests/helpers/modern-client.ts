/** A client of 2026-07-28 that speaks HTTP by hand: what it is and can is part of each request, in body and headers. */
import { Events, RawClient, type Headers, type Loose } from './stdio-proxy.ts';

export const MODERN = '2026-07-28';
const META = 'io.modelcontextprotocol/';

export interface Asked {
  status: number;
  message: Loose;
}

export class ModernClient {
  readonly raw: RawClient;
  capabilities: object;
  #id = 0;

  constructor(url: string, user = 'alice', capabilities: object = {}, headers: Headers = {}) {
    this.raw = new RawClient(url, user, headers);
    this.capabilities = capabilities;
  }

  meta(more: object = {}): object {
    return {
      [`${META}protocolVersion`]: MODERN,
      [`${META}clientInfo`]: { name: 'modern', version: '1' },
      [`${META}clientCapabilities`]: this.capabilities,
      ...more,
    };
  }

  body(method: string, params: Loose = {}, id: string | number = (this.#id += 1)): Loose {
    return { jsonrpc: '2.0', id, method, params: { ...params, _meta: this.meta(params._meta) } };
  }

  headers({ method, params }: Loose): Headers {
    const name = params?.name ?? params?.uri;
    return {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(name === undefined ? {} : { 'mcp-name': name }),
    };
  }

  post(body: Loose, headers: Headers = {}, signal?: AbortSignal): Promise<Response> {
    return this.raw.post(body, { ...this.headers(body), ...headers }, signal);
  }

  /** Sends a request. @returns its answer, as JSON or the last event of a stream */
  async ask(method: string, params: Loose = {}, headers: Headers = {}): Promise<Asked> {
    const body = this.body(method, params);
    const response = await this.post(body, headers);
    const text = await response.text();
    const data = [...text.matchAll(/^data: (.*)$/gm)].at(-1)?.[1];
    return { status: response.status, message: JSON.parse(data ?? text) };
  }

  call(name: string, args: object = {}, more: Loose = {}): Promise<Asked> {
    return this.ask('tools/call', { name, arguments: args, ...more });
  }

  /** @returns the text of a tool's result, or the error as JSON */
  async tool(name: string, args: object = {}): Promise<string> {
    const { message } = await this.call(name, args);
    return message.result?.content?.[0].text ?? JSON.stringify(message.error ?? message.result);
  }

  async events(method: string, params: Loose = {}): Promise<Events> {
    return new Events(await this.post(this.body(method, params)));
  }
}
