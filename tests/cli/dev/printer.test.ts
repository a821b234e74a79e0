import { describe, expect, it } from 'vitest';
import { jsonPrinter, textPrinter } from '../../../cli/dev/printer.ts';

function text(color = false) {
  const lines: string[] = [];
  return {
    lines,
    printer: textPrinter(
      (line) => lines.push(line),
      color,
      () => new Date(2026, 0, 1, 12, 34, 56),
    ),
  };
}
const log = (message: string, fields = {}) =>
  ({ event: 'log', level: 'info', source: 'auth', message, fields }) as const;

describe('textPrinter', () => {
  it('prints one line for each event', () => {
    const { lines, printer } = text();
    printer.event({ event: 'fetching', service: 'memory', package: 'p@1' });
    printer.fetching(['memory', 'time'], 5);
    printer.event({ event: 'ready', service: 'memory', url: 'http://localhost/memory/mcp' });
    printer.event({ event: 'failed', service: 'time', reason: 'needs Python' });
    printer.event(
      log('client registered', {
        clientName: 'Claude',
        event: 'client_registered',
        scopes: 2,
        note: 'a b',
        none: undefined,
      }),
    );
    printer.event(log('server stderr', { service: 'auth', pid: 1, line: 'listening …' }));
    expect(lines).toEqual([
      'fetching  memory             p@1',
      'fetching  memory, time … 5 s',
      'ready     memory             http://localhost/memory/mcp',
      'failed    time               needs Python',
      '12:34:56  auth               client registered  clientName=Claude scopes=2 note="a b"',
      '12:34:56  auth               server stderr: listening …',
    ]);
  });

  it('lets nothing that a client or server wrote move the cursor', () => {
    const { lines, printer } = text();
    printer.event(log('a\u001b[2Jb\nc', { name: 'x\r\ny\u009b1m' }));
    printer.event({ event: 'failed', service: 'time', reason: '\u001b]0;title\u0007gone\u001b[2J' });
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/); // eslint-disable-line no-control-regex
    expect(lines).toHaveLength(2);
  });

  it('says how to connect each client', () => {
    const { lines, printer } = text();
    printer.settled(new Map([['memory', 'http://localhost:8080/memory/mcp']]));
    const all = lines.join('\n');
    expect(all).toContain('claude mcp add --transport http memory http://localhost:8080/memory/mcp');
    expect(all).toContain(
      `code --add-mcp '{"name":"memory","type":"http","url":"http://localhost:8080/memory/mcp"}'`,
    );
    expect(all).toContain('{"mcpServers":{"memory":{"url":"http://localhost:8080/memory/mcp"}}}');
    expect(all).toMatch(/@modelcontextprotocol\/inspector .*http:\/\/localhost:8080\/memory\/mcp/);
  });

  it('colours only where it may', () => {
    const { lines, printer } = text(true);
    printer.event({ event: 'ready', service: 'memory', url: 'u' });
    expect(lines[0]).toContain('\u001b[32m');
  });
});

describe('jsonPrinter', () => {
  it('prints one object a line', () => {
    const lines: string[] = [];
    const printer = jsonPrinter((line) => lines.push(line));
    printer.started({ version: '1', issuer: 'i', signIn: 's', urls: new Map([['a', 'u']]) });
    printer.event(log('m'));
    printer.settled(new Map([['a', 'u']]));
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
      'listening',
      'log',
      'settled',
    ]);
  });
});
