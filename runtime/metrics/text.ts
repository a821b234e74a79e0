/**
 * Prometheus' text format 0.0.4. Counters are plain fields that are only put into words when somebody asks, so a hot path
 * pays for an addition.
 */

/** Upper bounds, in seconds. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** A histogram of one set of labels. */
export interface Series {
  count: number;
  sumSeconds: number;
  /** One for each bound, not cumulative. */
  buckets: number[];
}

/** @param key the labels in words */
export function observe(series: Map<string, Series>, key: string, seconds: number): void {
  let one = series.get(key);
  if (one === undefined) series.set(key, (one = { count: 0, sumSeconds: 0, buckets: BUCKETS.map(() => 0) }));
  one.count += 1;
  one.sumSeconds += seconds;
  const index = BUCKETS.findIndex((bound) => seconds <= bound);
  if (index >= 0) one.buckets[index] = (one.buckets[index] ?? 0) + 1;
}

/** @returns a function from values of these labels to their words, made once for each */
export function labelled(...names: string[]): (...values: string[]) => string {
  const known = new Map<string, string>();
  return (...values) => {
    const key = values.join('\n');
    let words = known.get(key);
    if (words === undefined)
      known.set(key, (words = labels(Object.fromEntries(names.map((name, at) => [name, values[at] ?? ''])))));
    return words;
  };
}

/** @returns the pairs in words, to go between braces */
export function labels(pairs: Record<string, string>): string {
  const escape = (value: string) => value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
  return Object.entries(pairs)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',');
}

/** @param kind of the metric: counter or gauge. @param values by their labels in words, empty for none */
export function simple(name: string, help: string, kind: string, values: Iterable<[string, number]>): string {
  const lines = [...values].map(([key, value]) => `${name}${key === '' ? '' : `{${key}}`} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

export function histogram(name: string, help: string, series: ReadonlyMap<string, Series>): string {
  const lines = [...series].flatMap(([key, { count, sumSeconds, buckets }]) => {
    let sum = 0;
    return [
      ...BUCKETS.map(
        (bound, index) => `${name}_bucket{${key},le="${bound}"} ${(sum += buckets[index] ?? 0)}\n`,
      ),
      `${name}_bucket{${key},le="+Inf"} ${count}\n`,
      `${name}_sum{${key}} ${sumSeconds}\n`,
      `${name}_count{${key}} ${count}\n`,
    ];
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} histogram\n${lines.join('')}`;
}

/** Of this process: memory, CPU time. */
export function processMetrics(): string[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const started = Date.now() / 1000 - process.uptime();
  return [
    simple('process_cpu_seconds_total', 'CPU time.', 'counter', [['', (user + system) / 1e6]]),
    simple('process_resident_memory_bytes', 'Resident memory.', 'gauge', [['', rss]]),
    simple('process_start_time_seconds', 'Start, since the epoch.', 'gauge', [['', Math.round(started)]]),
    simple('nodejs_heap_used_bytes', 'Heap in use.', 'gauge', [['', heapUsed]]),
  ];
}
