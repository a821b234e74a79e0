import { describe, expect, it } from 'vitest';
import { parseRecord } from '../../../cli/compose/logs/record.ts';
import { recordText } from '../../../cli/compose/logs/text.ts';
import { createOutput } from '../../../cli/output.ts';

const { style } = createOutput({}, { write: () => undefined }, { write: () => undefined }, {});
const now = new Date(2026, 10, 24, 12, 0, 0);
const stamp = (at: Date) => at.toISOString().replace('Z', '123456Z');
const TIME = stamp(new Date(2026, 10, 24, 6, 30, 34));

function text(line: string, time = TIME) {
  const record = parseRecord(`echo-stateful-2  | ${time} ${line}`);
  if (record === undefined) throw new Error('is no record');
  return recordText(record, { width: 14, style, now });
}

describe('parseRecord', () => {
  it('takes service, replica and time from before the line', () => {
    expect(parseRecord(`echo-stateful-2  | ${TIME} a | b`)).toEqual({
      service: 'echo-stateful',
      replica: 2,
      time: TIME,
      line: 'a | b',
    });
    expect(parseRecord(`\u001b[2Kauth-1  | ${TIME} {"msg":"x"}`)).toEqual({
      ...{ service: 'auth', replica: 1, time: TIME },
      ...{ line: '{"msg":"x"}', entry: { msg: 'x' } },
    });
    expect(parseRecord(`auth-1  | ${TIME} `)?.line).toBe('');
    expect(parseRecord(`auth-1  | ${TIME} {broken`)?.entry).toBeUndefined();
  });
  it('is none for what Compose itself says', () => {
    expect(parseRecord('no such service: nobody')).toBeUndefined();
    expect(parseRecord('')).toBeUndefined();
  });
});

describe('recordText', () => {
  it('says our own lines in words', () => {
    const entry = {
      level: 'warn',
      time: 'x',
      source: 'auth',
      event: 'e',
      user: 'github:1',
      scopes: ['a b'],
      msg: 'token refused',
    };
    expect(text(JSON.stringify(entry))).toBe(
      '06:30:34 warn  echo-stateful  token refused  user=github:1 scopes=["a b"]',
    );
    expect(text('{"level":"info","msg":"server stderr","line":"ready"}')).toBe(
      '06:30:34 info  echo-stateful  server stderr: ready',
    );
  });
  it('says a request of the access log in a few words', () => {
    const entry = {
      ...{ ClientHost: '10.0.0.1', Duration: 12_400_000, DownstreamStatus: 200, RequestMethod: 'POST' },
      ...{
        RequestHost: 'time.example.com',
        RequestPath: '/mcp',
        RouterName: 'time-mcp@file',
        level: 'info',
        msg: '',
      },
    };
    expect(text(JSON.stringify(entry))).toBe(
      '06:30:34 info  echo-stateful  POST time.example.com/mcp 200 in 12 ms  route=time-mcp client=10.0.0.1',
    );
    expect(text(JSON.stringify({ ...entry, DownstreamStatus: 502 }))).toContain(' error ');
  });
  it('knows the levels of Traefik, and leaves other lines as they are', () => {
    expect(text('2026-11-24T06:30:34Z ERR Cannot start error="x"')).toBe(
      '06:30:34 error echo-stateful  Cannot start error="x"',
    );
    expect(text('1:M 24 Nov 2026 06:30:34.123 * Ready')).toBe(
      '06:30:34       echo-stateful  1:M 24 Nov 2026 06:30:34.123 * Ready',
    );
  });
  it('has the day where that is another one', () => {
    expect(text('x', stamp(new Date(2026, 10, 23, 6, 30, 34)))).toMatch(/^11-23 06:30:34 /);
  });
  it('lets nothing that somebody wrote move the cursor', () => {
    const all = [text('a\u001b[2Jb\rc'), text('{"msg":"a\\u001b[2J\\nb","k":"\\u009b1m"}')].join('');
    expect(all).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/); // eslint-disable-line no-control-regex
  });
});
