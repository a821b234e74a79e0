/** What Prometheus reads of a proxy. */
import type { ServerResponse } from 'node:http';
import {
  histogram,
  labelled,
  labels,
  observe,
  processMetrics,
  simple,
  type Series,
} from '../metrics/text.ts';
import type { RpcMessage } from './messages/json-rpc.ts';
import type { ChildrenStats } from './models/children.ts';

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

/** What is read when somebody asks. */
export interface ProxyFacts {
  sessions: number;
  streams: number;
  children: ChildrenStats;
}

export class ProxyMetrics {
  readonly #requests = new Map<string, Series>();
  readonly #labels = labelled('method', 'outcome');
  readonly #refused = new Map<string, number>();

  /** Takes the time and the outcome of a POST whose body has been read. */
  watch(res: ServerResponse, message: RpcMessage | undefined): void {
    const begunMs = performance.now();
    res.on('close', () => {
      const key = this.#labels(methodOf(message), outcomeOf(res));
      observe(this.#requests, key, (performance.now() - begunMs) / 1000);
    });
  }

  /** A request that was refused before its message was known. */
  refused(status: number): void {
    const key = labels({ status: String(status) });
    this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1);
  }

  /** @returns the text format */
  text({ sessions, streams, children }: ProxyFacts): string {
    const gauge = (name: string, help: string, value: number) =>
      simple(`mcpgw_proxy_${name}`, help, 'gauge', [['', value]]);
    const counter = (name: string, help: string, value: number) =>
      simple(`mcpgw_proxy_${name}`, help, 'counter', [['', value]]);
    return [
      histogram('mcpgw_proxy_request_seconds', 'POSTs by method and outcome.', this.#requests),
      simple('mcpgw_proxy_refused_total', 'Requests that were not read.', 'counter', this.#refused),
      gauge('sessions', 'Open sessions.', sessions),
      gauge('streams', 'GET streams that are open.', streams),
      gauge('children', 'Server processes in use.', children.children),
      gauge('spare_children', 'Server processes that stand ready.', children.spares),
      counter(
        'child_starts_total',
        'Server processes that were started, spares among them.',
        children.starts,
      ),
      counter(
        'child_failed_starts_total',
        'Of those, the ones that could not be used.',
        children.failedStarts,
      ),
      counter('spares_taken_total', 'Starts that nobody had to wait for.', children.sparesTaken),
      simple('mcpgw_proxy_child_bytes_total', 'Messages to and from servers, in bytes.', 'counter', [
        [labels({ direction: 'to' }), children.bytes.written],
        [labels({ direction: 'from' }), children.bytes.read],
      ]),
      ...processMetrics(),
    ].join('');
  }
}

function methodOf(message: RpcMessage | undefined): string {
  if (message === undefined || message.kind === 'response') return 'response';
  if (message.method.startsWith('notifications/')) return 'notification';
  return METHODS.has(message.method) ? message.method : 'other';
}

function outcomeOf({ writableFinished, statusCode }: ServerResponse): string {
  if (!writableFinished) return 'aborted';
  return statusCode < 400 ? 'answered' : String(statusCode);
}
