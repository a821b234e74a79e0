/** What Prometheus reads of a proxy. */
import { McpRequests } from '../metrics/mcp-requests.ts';
import { labels, processMetrics, simple } from '../metrics/text.ts';
import type { ChildrenStats } from './models/children.ts';

/** What is read when somebody asks. */
export interface ProxyFacts {
  sessions: number;
  streams: number;
  children: ChildrenStats;
  /** Whether the server could be started when that was last tried, as `/health` says. */
  ready: boolean;
}

export class ProxyMetrics extends McpRequests {
  constructor() {
    super('proxy');
  }

  /** @returns the text format */
  text({ children, ready, ...open }: ProxyFacts): string {
    const gauge = (name: string, help: string, value: number) =>
      simple(`mcpgw_proxy_${name}`, help, 'gauge', [['', value]]);
    const counter = (name: string, help: string, value: number) =>
      simple(`mcpgw_proxy_${name}`, help, 'counter', [['', value]]);
    return [
      this.requestsText(open),
      gauge('ready', 'Whether the server could be started when that was last tried.', ready ? 1 : 0),
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
