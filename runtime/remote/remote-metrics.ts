/** What Prometheus reads of a remote service. */
import { McpRequests } from '../metrics/mcp-requests.ts';
import { labels, processMetrics, simple } from '../metrics/text.ts';

/** Why a server's answer was none: it cannot be reached or understood, is too slow, wants other credentials, leads elsewhere, or failed. */
export type FailureReason = 'unreachable' | 'late' | 'credentials' | 'redirect' | 'error';

/** What is read when somebody asks. */
export interface RemoteFacts {
  sessions: number;
  streams: number;
}

export class RemoteMetrics extends McpRequests {
  readonly #failures = new Map<string, number>();

  constructor() {
    super('remote');
  }

  /** A request that the server did not answer as a server of MCP. */
  upstreamFailed(reason: FailureReason): void {
    const key = labels({ reason });
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1);
  }

  /** @returns the text format */
  text(facts: RemoteFacts): string {
    return [
      this.requestsText(facts),
      simple(
        'mcpgw_remote_upstream_failures_total',
        'Requests that the server did not answer as a server of MCP, by reason.',
        'counter',
        this.#failures,
      ),
      ...processMetrics(),
    ].join('');
  }
}
