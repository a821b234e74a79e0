/** Log levels of MCP (2025-11-25, Logging; RFC 5424 §6.2.1), the most verbose first. */
export const LOG_LEVELS = [
  'debug',
  'info',
  'notice',
  'warning',
  'error',
  'critical',
  'alert',
  'emergency',
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function isLogLevel(value: unknown): value is LogLevel {
  return (LOG_LEVELS as readonly unknown[]).includes(value);
}

/** @returns the level at which each of the others gets what it wants */
export function mostVerbose(levels: readonly LogLevel[]): LogLevel | undefined {
  return LOG_LEVELS.find((level) => levels.includes(level));
}

/** @param wanted the least severe level that is wanted; undefined: all */
export function passesLevel(level: unknown, wanted: LogLevel | undefined): boolean {
  return (
    wanted === undefined || !isLogLevel(level) || LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(wanted)
  );
}
