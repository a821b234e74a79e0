/** Readable text from values, the same in every tool. */

/** @returns `name: value` lines under a title */
export function section(title: string, values: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(values).map(([name, value]) => `  ${name}: ${value}`);
  return [title, ...(lines.length > 0 ? lines : ['  (none)'])].join('\n');
}

/** @param seconds a length of time; its sign is dropped @returns such as `1 d 2 h 3 min 4 s` */
export function duration(seconds: number): string {
  let rest = Math.floor(Math.abs(seconds));
  const parts: string[] = [];
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const) {
    if (rest >= size) parts.push(`${Math.floor(rest / size)} ${unit}`);
    rest %= size;
  }
  if (rest > 0 || parts.length === 0) parts.push(`${rest} s`);
  return parts.join(' ');
}

/** @param ms milliseconds since the epoch, from anywhere @returns ISO 8601, or the number where that is no date */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
