/** What `mcpgw dev` prints: for a person one line for each event, for a script one JSON object a line. */
import type { GatewayEvent } from '../../runtime/embedded/events.ts';
import { connectText } from './connect.ts';

export interface Started {
  version: string;
  issuer: string;
  /** How people sign in, in words. */
  signIn: string;
  urls: Map<string, string>;
}

export interface DevPrinter {
  started(started: Started): void;
  event(event: GatewayEvent): void;
  /** What is still being fetched, for a person who waits. */
  fetching(services: string[], seconds: number): void;
  /** Every service is ready or has failed. */
  settled(ready: Map<string, string>): void;
  stopping(): void;
}

type Write = (line: string) => void;

export function jsonPrinter(write: Write): DevPrinter {
  const line = (value: object) => write(JSON.stringify(value));
  return {
    started: ({ urls, ...rest }) => line({ event: 'listening', ...rest, urls: Object.fromEntries(urls) }),
    event: (event) => line(event),
    fetching: () => undefined,
    settled: (ready) => line({ event: 'settled', ready: Object.fromEntries(ready) }),
    stopping: () => line({ event: 'stopping' }),
  };
}

/** @param color whether escape sequences may be written */
export function textPrinter(write: Write, color: boolean, now: () => Date = () => new Date()): DevPrinter {
  const paint = (code: number, text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const service = (name: string) => name.padEnd(18);
  return {
    started: ({ version, issuer, signIn }) => {
      write(`mcpgw ${version} at ${paint(1, issuer)}`);
      write(`sign-in: ${signIn}; Ctrl-C stops`);
      write('');
    },
    event: (event) => {
      switch (event.event) {
        case 'fetching':
          return write(`${paint(36, 'fetching')}  ${service(event.service)} ${event.package}`);
        case 'ready':
          return write(`${paint(32, 'ready')}     ${service(event.service)} ${event.url}`);
        case 'failed':
          return write(`${paint(31, 'failed')}    ${service(event.service)} ${oneLine(event.reason)}`);
        case 'log':
          if (event.level !== 'debug') write(logLine(event, paint, now()));
      }
    },
    fetching: (services, seconds) => write(paint(2, `fetching  ${services.join(', ')} … ${seconds} s`)),
    settled: (ready) => connect(write, paint, ready),
    stopping: () => write('stopping …'),
  };
}

function connect(
  write: Write,
  paint: (code: number, text: string) => string,
  ready: Map<string, string>,
): void {
  if (ready.size === 0) return;
  write('');
  for (const line of connectText([...ready], (text) => paint(1, text))) write(line);
  write('');
}

/** Fields that the line has already in other words, or that only a machine needs (`--json` has them all). */
const SAID_ELSEWHERE = new Set(['service', 'event', 'pid', 'grant', 'userName', 'client']);

const LEVEL_COLOR = { debug: 2, info: 2, warn: 33, error: 31 };

function logLine(
  event: Extract<GatewayEvent, { event: 'log' }>,
  paint: (code: number, text: string) => string,
  at: Date,
): string {
  const { line, ...rest } = event.fields;
  const fields = Object.entries(rest)
    .filter(([name, value]) => value !== undefined && !SAID_ELSEWHERE.has(name))
    .map(([name, value]) => `${name}=${plain(value)}`)
    .join(' ');
  const time = at.toTimeString().slice(0, 8);
  return `${paint(LEVEL_COLOR[event.level], time)}  ${event.source.padEnd(18)} ${oneLine(event.message)}${typeof line !== 'string' ? '' : `: ${oneLine(line)}`}${fields === '' ? '' : `  ${paint(2, fields)}`}`;
}

function plain(value: unknown): string {
  const text = Array.isArray(value)
    ? value.join(',')
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
  const line = oneLine(text);
  return /[\s"]/.test(line) ? JSON.stringify(line) : line;
}

/** What a server or a client wrote must not move the cursor or start a line of its own. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- the point is to remove them
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}
