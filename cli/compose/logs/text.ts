/** A log line for a person: time, level, source, message, and what else it says as `key=value`. */
import type { Style } from '../../output.ts';
import type { LogRecord } from './record.ts';

interface Said {
  level: Level | undefined;
  message: string;
  fields: Record<string, unknown>;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/** Fields of our own logs that the line has already in other words. */
const SAID_ELSEWHERE = new Set([
  'level',
  'time',
  'source',
  'service',
  'msg',
  'line',
  'event',
  'pid',
  'hostname',
]);

export interface TextOptions {
  /** Of the column with the service's name; undefined: none, where it is said elsewhere. */
  width?: number;
  style: Style;
  now: Date;
}

export function recordText(record: LogRecord, { width, style, now }: TextOptions): string {
  const { level, message, fields } = said(record);
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}=${plain(value)}`)
    .join(' ');
  const paint = { debug: style.dim, info: style.dim, warn: style.yellow, error: style.red }[level ?? 'info'];
  const source = width === undefined ? [] : [record.service.padEnd(width)];
  const head = [paint(clock(record.time, now)), paint((level ?? '').padEnd(5)), ...source].join(' ');
  return `${head} ${oneLine(message)}${pairs === '' ? '' : `  ${style.dim(pairs)}`}`;
}

function said({ entry, line }: LogRecord): Said {
  if (entry === undefined) return traefikLine(line);
  if (typeof entry.RequestMethod === 'string') return accessLine(entry);
  const { msg, line: inner } = entry;
  const message = [msg, inner]
    .filter((part): part is string => typeof part === 'string' && part !== '')
    .join(': ');
  const rest = Object.entries(entry).filter(([name]) => !SAID_ELSEWHERE.has(name));
  return { level: levelOf(entry.level), message, fields: Object.fromEntries(rest) };
}

/** Traefik's access log, a request in a few words. */
function accessLine(entry: Record<string, unknown>): Said {
  const { RequestMethod, RequestHost, RequestPath, DownstreamStatus, Duration, RouterName, ClientHost } =
    entry;
  const status = Number(DownstreamStatus);
  const ms = Math.round(Number(Duration) / 1e6);
  return {
    level: status >= 500 ? 'error' : 'info',
    message: `${plain(RequestMethod)} ${plain(RequestHost)}${plain(RequestPath)} ${status} in ${ms} ms`,
    fields: {
      route: typeof RouterName === 'string' ? RouterName.replace(/@file$/, '') : undefined,
      client: ClientHost,
    },
  };
}

const TRAEFIK_LEVEL: Record<string, Level> = {
  ...{ TRC: 'debug', DBG: 'debug', INF: 'info' },
  ...{ WRN: 'warn', ERR: 'error', FTL: 'error', PNC: 'error' },
};

/** Traefik's own log has its level as a word behind the time; what is not of that form stays as it is. */
function traefikLine(line: string): Said {
  const [, word = '', message = ''] = /^\d{4}-\d\d-\d\dT\S+ ([A-Z]{3}) (.*)$/.exec(line) ?? [];
  const level = TRAEFIK_LEVEL[word];
  return level === undefined
    ? { level: undefined, message: line, fields: {} }
    : { level, message, fields: {} };
}

function levelOf(value: unknown): Level | undefined {
  switch (value) {
    case 'trace':
    case 'debug':
      return 'debug';
    case 'info':
    case 'warn':
    case 'error':
      return value;
    case 'fatal':
      return 'error';
    default:
      return undefined;
  }
}

/** The time of day here; with the day where that is not today. */
function clock(time: string, now: Date): string {
  const at = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  const day =
    at.toDateString() === now.toDateString() ? '' : `${two(at.getMonth() + 1)}-${two(at.getDate())} `;
  return `${day}${at.toTimeString().slice(0, 8)}`;
}

function plain(value: unknown): string {
  const text = oneLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return typeof value === 'string' && /["\s]/.test(text) ? JSON.stringify(text) : text;
}

/** What a server or a client wrote must not move the cursor or start a line of its own. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- the point is to remove them
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
