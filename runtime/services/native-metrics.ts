/** What Prometheus reads of a native service. */
import type { ServerResponse } from 'node:http';
import { McpRequests } from '../metrics/mcp-requests.ts';
import { histogram, labelled, observe, processMetrics, type Series } from '../metrics/text.ts';

/** How a tool's run ended: well, with an error of its own (`isError`), or by a fault of the service. */
export type ToolOutcome = 'done' | 'failed' | 'fault';

export class NativeMetrics extends McpRequests {
  readonly #tools = new Map<string, Series>();
  readonly #toolLabels = labelled('tool', 'outcome');
  #streams = 0;

  constructor() {
    super('native');
  }

  /** A GET stream that opens. */
  stream(res: ServerResponse): void {
    this.#streams += 1;
    res.on('close', () => (this.#streams -= 1));
  }

  /** @param tool one that there is: a name that a client made up is no label */
  ran(tool: string, outcome: ToolOutcome, seconds: number): void {
    observe(this.#tools, this.#toolLabels(tool, outcome), seconds);
  }

  /** @returns the text format */
  text(sessions: number): string {
    return [
      this.requestsText({ sessions, streams: this.#streams }),
      histogram('mcpgw_native_tool_seconds', 'Runs of tools by how they ended.', this.#tools),
      ...processMetrics(),
    ].join('');
  }
}

/** @returns of the first message; undefined for a response, and empty for what is none of JSON-RPC */
export function methodOf(body: unknown): string | undefined {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first !== 'object' || first === null) return '';
  if ('method' in first) return typeof first.method === 'string' ? first.method : '';
  return 'result' in first || 'error' in first ? undefined : '';
}
