/** What Prometheus reads of the authorization server. */
import {
  histogram,
  labelled,
  labels,
  observe,
  processMetrics,
  simple,
  type Series,
} from '../../metrics/text.ts';
import type { Store } from '../../store/store.ts';
import type { VerifyResult } from '../verify/verify.ts';

/** What `/verify` had to do with a token: nothing, being from the cache; check it, or its standing; or there was none. */
export type SeenToken = 'known' | 'checked' | 'none';

export interface Metrics {
  /** A request that was answered. @param route the pattern, never the URL */
  request(method: string, route: string, status: number, seconds: number): void;
  /** A decision of `/verify`. */
  verified(status: VerifyResult['status'], token: SeenToken): void;
  /** An answer of `/token` with tokens in it. */
  issued(grantType: string): void;
  /** A security event. */
  event: (name: string) => void;
  /** @returns the store, with each of its steps timed and counted */
  watch(store: Store): Store;
  /** Adds a counter or gauge that is read when somebody asks. */
  read(
    name: string,
    help: string,
    kind: 'counter' | 'gauge',
    values: () => Iterable<[labels: Record<string, string>, value: number]>,
  ): void;
  /** @returns the text format */
  text(): string;
}

export function createMetrics(): Metrics {
  const requests = new Map<string, Series>();
  const steps = new Map<string, Series>();
  const failures = new Map<string, number>();
  const events = new Map<string, number>();
  const decisions = new Map<string, number>();
  const issued = new Map<string, number>();
  const readers: (() => string)[] = [];

  const add = (counts: Map<string, number>, key: string): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  // Known tokens are nearly all there is.
  let passed = 0;
  const requestLabels = labelled('method', 'route', 'status');
  const decisionLabels = labelled('status', 'token');
  const grantLabels = labelled('grant_type');
  const eventLabels = labelled('event');

  return {
    request: (method, route, status, seconds) =>
      observe(requests, requestLabels(method, route, String(status)), seconds),
    verified: (status, token) => {
      if (token === 'known' && status === 200) passed += 1;
      else add(decisions, decisionLabels(String(status), token));
    },
    issued: (grantType) => add(issued, grantLabels(grantType)),
    event: (name) => add(events, eventLabels(name)),
    watch: (store) => watched(store, steps, failures),
    read: (name, help, kind, values) => {
      readers.push(() =>
        simple(
          name,
          help,
          kind,
          [...values()].map(([pairs, value]) => [labels(pairs), value]),
        ),
      );
    },
    text: () =>
      [
        histogram('mcpgw_auth_request_seconds', 'Requests by route and status, /verify apart.', requests),
        simple(
          'mcpgw_auth_verify_total',
          'Decisions of /verify, by what had to be done with the token: known is answered from the cache.',
          'counter',
          [[labels({ status: '200', token: 'known' }), passed], ...decisions],
        ),
        simple('mcpgw_auth_events_total', 'Security events, as in the log.', 'counter', events),
        simple('mcpgw_auth_tokens_issued_total', 'Answers with tokens, by grant type.', 'counter', issued),
        histogram('mcpgw_auth_store_seconds', 'Steps of the store.', steps),
        simple('mcpgw_auth_store_errors_total', 'Steps of the store that failed.', 'counter', failures),
        ...readers.map((reader) => reader()),
        ...processMetrics(),
      ].join(''),
  };
}

/** An object with the same steps, and no `Proxy`: each request goes through several of them. */
function watched(store: Store, steps: Map<string, Series>, failures: Map<string, number>): Store {
  const timed = (name: keyof Store): [string, unknown] => {
    const key = labels({ step: name });
    const step = (...args: unknown[]): unknown => {
      const begunMs = performance.now();
      const result: unknown = Reflect.apply(Reflect.get(store, name) as () => unknown, store, args);
      if (!(result instanceof Promise)) return result;
      result.then(
        () => observe(steps, key, (performance.now() - begunMs) / 1000),
        () => failures.set(key, (failures.get(key) ?? 0) + 1),
      );
      return result;
    };
    return [name, step];
  };
  return Object.fromEntries((Object.keys(store) as (keyof Store)[]).map(timed)) as unknown as Store;
}
