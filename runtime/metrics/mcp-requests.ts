/** What every kind of MCP service counts: `mcpgw_<kind>_…`, with the same labels for all kinds. No label is a client's text. */
import type { ServerResponse } from 'node:http';
import { histogram, labelled, labels, observe, simple, type Series } from './text.ts';

/** Methods that have a series of their own: what a client may make up is no label. */
const METHODS = new Set([
  ...[
    'initialize',
    'ping',
    'server/discover',
    'subscriptions/listen',
    'completion/complete',
    'logging/setLevel',
  ],
  ...['tools/list', 'tools/call', 'prompts/list', 'prompts/get', 'tasks/get', 'tasks/list', 'tasks/result'],
  ...['resources/list', 'resources/read', 'resources/templates/list', 'resources/subscribe'],
  ...['resources/unsubscribe', 'tasks/cancel'],
]);

export type ServiceKind = 'proxy' | 'native' | 'remote';

export class McpRequests {
  readonly #kind: ServiceKind;
  readonly #requests = new Map<string, Series>();
  readonly #labels = labelled('method', 'outcome');
  readonly #refused = new Map<string, number>();

  constructor(kind: ServiceKind) {
    this.#kind = kind;
  }

  /**
   * Takes the time and the outcome of a POST whose body has been read.
   * @param method of its first message; undefined for a response
   */
  watch(res: ServerResponse, method: string | undefined): void {
    const begunMs = performance.now();
    res.on('close', () => {
      const key = this.#labels(methodLabel(method), outcomeOf(res));
      observe(this.#requests, key, (performance.now() - begunMs) / 1000);
    });
  }

  /** A request that was refused before its message was known. */
  refused(status: number): void {
    const key = labels({ status: String(status) });
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  /** @returns these alone, and what is open now, in Prometheus' text format */
  requestsText({ sessions, streams }: { sessions: number; streams: number }): string {
    const name = (rest: string) => `mcpgw_${this.#kind}_${rest}`;
    return [
      histogram(name('request_seconds'), 'POSTs by method and outcome.', this.#requests),
      simple(name('refused_total'), 'Requests that were not read.', 'counter', this.#refused),
      simple(name('sessions'), 'Open sessions.', 'gauge', [['', sessions]]),
      simple(name('streams'), 'GET streams that are open.', 'gauge', [['', streams]]),
    ].join('');
  }
}

function methodLabel(method: string | undefined): string {
  if (method === undefined) return 'response';
  if (method.startsWith('notifications/')) return 'notification';
  return METHODS.has(method) ? method : 'other';
}

function outcomeOf({ writableFinished, statusCode }: ServerResponse): string {
  if (!writableFinished) return 'aborted';
  return statusCode < 400 ? 'answered' : String(statusCode);
}
