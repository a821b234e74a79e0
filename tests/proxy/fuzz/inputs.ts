/** Malformed and hostile inputs, as recipes of fast-check: what fails is made small and can be repeated from its seed. */
import fc from 'fast-check';

/** Replaced by what is known only when it is sent. */
export const OWN_SESSION = 'OWN-SESSION';
export const THEIR_SESSION = 'THEIR-SESSION';
export const EVENT_ID = 'EVENT-ID';

export interface HttpInput {
  kind: 'http';
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Uint8Array | undefined;
}

/** Bytes on a connection of their own. */
export interface RawInput {
  kind: 'raw';
  bytes: string;
  /** The client goes away at once. */
  leaves: boolean;
}

export type Input = HttpInput | RawInput;

/** Written into the JSON as it stands. */
const VERBATIM = /"@@(.*?)@@"/g;
const deep = (open: string, close: string, depth: number): string =>
  `@@${open.repeat(depth)}${close.repeat(depth)}@@`;

const hostileValue = fc.oneof(
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      false,
      0,
      -1,
      1.5,
      2 ** 53,
      -(2 ** 63),
      '',
      ' ',
      '0',
      '__proto__',
      'constructor',
      '\u0000',
    ],
    ...['\ud800', '\u2028', '\r\n', '\n\n', 'data: x\n\nid: 1\n', '../../etc/passwd', 'x'.repeat(20_000)],
    ...['@@1e400@@', '@@-0@@', '@@12345678901234567890@@', '@@01@@', '@@NaN@@', deep('[', ']', 2_000)],
    ...[[], {}, [[]], [null], { toString: 1 }, { length: -1 }, { jsonrpc: '2.0' }, '{"jsonrpc":"2.0"}'],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer(),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);

const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'fuzz', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

const id = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) },
  { weight: 3, arbitrary: fc.uuid() },
  { weight: 1, arbitrary: hostileValue },
);

/** None that asks back: in a session its call waits for as long as nobody can be asked. */
const TOOLS = ['echo', 'log', 'pid', 'seen', 'noise', 'batch', 'length', 'no such tool'];

const toolCall = fc.record({
  name: fc.constantFrom(...TOOLS),
  arguments: fc.record({ text: fc.oneof(fc.string(), hostileValue) }),
  _meta: fc.option(fc.record({ progressToken: fc.oneof(id, hostileValue) }), { nil: undefined }),
});

const request = fc.oneof(
  { weight: 30, arbitrary: fc.record({ method: fc.constant('tools/call'), params: toolCall }) },
  {
    weight: 20,
    arbitrary: fc.record({
      method: fc.constantFrom(
        ...['tools/list', 'ping', 'resources/list', 'logging/setLevel', 'completion/complete', 'tasks/get'],
        ...['server/discover', 'subscriptions/listen', 'x', '__proto__', 'rpc.discover', 'tools/call'],
      ),
      params: fc.oneof(fc.constant({}), fc.constant(undefined), hostileValue),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      method: fc.constant('initialize'),
      params: fc.record({
        protocolVersion: fc.oneof(fc.constantFrom('2025-11-25', '2025-03-26', '1.0'), hostileValue),
        capabilities: hostileValue,
        clientInfo: hostileValue,
      }),
    }),
  },
);

const message = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(id, request).map(([each, rest]) => ({ jsonrpc: '2.0', id: each, ...rest })),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      jsonrpc: fc.constant('2.0'),
      method: fc.constantFrom(
        ...['notifications/cancelled', 'notifications/progress', 'notifications/initialized'],
        ...['notifications/roots/list_changed', 'notifications/elicitation/complete', 'x'],
      ),
      params: fc.oneof(fc.record({ requestId: id, progressToken: id, progress: hostileValue }), hostileValue),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(id, hostileValue).map(([each, result]) => ({ jsonrpc: '2.0', id: each, result })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(id, hostileValue).map(([each, error]) => ({ jsonrpc: '2.0', id: each, error })),
  },
);

/** A message that says twice, or otherwise, what it said once. */
const spoiltMessage = fc
  .tuple(
    message,
    fc.constantFrom('jsonrpc', 'id', 'method', 'params', 'result', 'error', '__proto__', 'ID', 'extra'),
    hostileValue,
    fc.boolean(),
  )
  .map(([whole, name, value, twice]) => {
    const text = textOf(whole);
    const member = `${JSON.stringify(name)}:${textOf(value) || 'null'}`;
    return twice ? `{${member},${text.slice(1)}` : textOf({ ...whole, [name]: value });
  });

const jsonText = fc.oneof(
  { weight: 5, arbitrary: message.map(textOf) },
  { weight: 5, arbitrary: spoiltMessage },
  { weight: 2, arbitrary: fc.array(message, { maxLength: 5 }).map(textOf) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: hostileValue.map((value) => textOf(value) || '') },
);

/** A text of which a part is missing, or other bytes stand in its place. */
const spliced = fc
  .tuple(jsonText, fc.nat(), fc.nat(20), fc.uint8Array({ maxLength: 6 }))
  .map(([text, at, length, bytes]) => {
    const whole = Buffer.from(text);
    const from = at % (whole.length + 1);
    return Buffer.concat([whole.subarray(0, from), bytes, whole.subarray(from + length)]);
  });

const body: fc.Arbitrary<string | Uint8Array | undefined> = fc.oneof(
  { weight: 12, arbitrary: jsonText },
  { weight: 3, arbitrary: spliced },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom('\ufeff{}', 'x'.repeat(120_000), ' '.repeat(70_000), '') },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

const headerText = fc.oneof(
  fc.constantFrom(
    '',
    '*',
    '*/*',
    'null',
    '0',
    '-1',
    'x'.repeat(5_000),
    '\u00ff\u00fe',
    'a, b;q=0',
    '=?utf-8?B?eA==?=',
  ),
  fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
);

/** @param usual picked more often than not */
const header = (usual: string[], bad: string[]): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom(...usual) },
    { weight: 2, arbitrary: fc.constantFrom(...bad) },
    { weight: 1, arbitrary: headerText },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );

/** Left out but for one time in `times`. */
const rarely = <T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const headers = fc
  .record({
    'content-type': header(
      ['application/json', 'application/json; charset=utf-8'],
      ['text/plain', 'application/jsonp'],
    ),
    accept: header(
      ['application/json, text/event-stream', 'application/json', 'text/event-stream', '*/*'],
      ['text/html', 'application/json;q=0'],
    ),
    'mcp-session-id': header([OWN_SESSION], [THEIR_SESSION, 'none']),
    'mcp-protocol-version': header(['2025-11-25', '2025-06-18', '2025-03-26'], ['1999-01-01', '2026-07-28']),
    'last-event-id': rarely(3, header([EVENT_ID], ['00000000-1-1'])),
    origin: rarely(10, header(['https://app.example'], ['https://evil.example', 'null'])),
    'x-mcpgw-context': rarely(30, headerText),
    'content-encoding': rarely(20, fc.constantFrom('gzip', 'identity')),
    expect: rarely(30, fc.constant('100-continue')),
  })
  .map((all) =>
    Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  );

const http = fc.record({
  kind: fc.constant('http' as const),
  method: fc.oneof(
    { weight: 12, arbitrary: fc.constant('POST') },
    {
      weight: 2,
      arbitrary: fc.constantFrom('GET', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'QUERY', 'TRACE'),
    },
  ),
  path: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('/mcp', '/mcp/', '/mcp?x=1') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('/', '/health', '/mcp/..', '//mcp', '/mcp%2f', '/metrics', '/%00', '*'),
    },
  ),
  headers,
  body,
});

const modernRequest = fc.oneof(
  { weight: 3, arbitrary: request },
  { weight: 1, arbitrary: fc.constant({ method: 'tools/call', params: { name: 'ask', arguments: {} } }) },
);

/** Without a session: a request of 2026-07-28, whole or not. */
const modern = fc
  .tuple(
    ...[id, modernRequest, fc.boolean(), hostileValue],
    fc.constantFrom(
      '',
      '',
      '',
      ...Object.keys(MODERN_META),
      'mcp-method',
      'mcp-name',
      'mcp-protocol-version',
      'requestState',
    ),
    fc.oneof(fc.constant(undefined), hostileValue),
  )
  .map(([each, { method, params }, asks, value, spoilt, responses]): HttpInput => {
    const capabilities = asks ? { elicitation: {}, sampling: {} } : {};
    const meta = { ...MODERN_META, 'io.modelcontextprotocol/clientCapabilities': capabilities };
    const own = typeof params === 'object' && params !== null && !Array.isArray(params) ? params : {};
    const all = {
      ...(own as Record<string, unknown>),
      ...(responses === undefined ? {} : { inputResponses: responses }),
      ...(spoilt === 'requestState' ? { requestState: value } : {}),
      _meta: { ...meta, ...(spoilt in meta ? { [spoilt]: value } : {}) },
    };
    const { name } = own as { name?: unknown };
    const standard: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
    };
    if (spoilt in standard) standard[spoilt] = 'tools/list';
    const text = textOf({ jsonrpc: '2.0', id: each, method, params: all });
    return { kind: 'http', method: 'POST', path: '/mcp', headers: standard, body: text };
  });

const raw = fc.record({
  kind: fc.constant('raw' as const),
  bytes: fc.oneof(
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            ...[
              'POST /mcp HTTP/1.1\r\n',
              'GET /mcp HTTP/1.1\r\n',
              'POST /mcp HTTP/9.9\r\n',
              'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
            ],
            ...[
              'Host: x\r\n',
              'Content-Length: 5\r\n',
              'Content-Length: -1\r\n',
              'Content-Length: 99999999999\r\n',
            ],
            ...[
              'Transfer-Encoding: chunked\r\n',
              'Transfer-Encoding: xchunked\r\n',
              'Content-Type: application/json\r\n',
            ],
            ...[
              'Upgrade: websocket\r\nConnection: Upgrade\r\n',
              ' folded\r\n',
              'A\u0000B: c\r\n',
              ': empty\r\n',
              '\r\n',
              '\n',
            ],
            ...['5\r\n{"a":\r\n', 'ffffffffff\r\n', '0\r\n\r\n', '{"jsonrpc":"2.0"}', 'x'.repeat(20_000)],
          ),
          fc.string({ unit: 'binary-ascii', maxLength: 20 }),
        ),
        { maxLength: 8 },
      )
      .map((parts) => parts.join('')),
    fc.string({ unit: 'binary-ascii', maxLength: 100 }),
  ),
  leaves: fc.boolean(),
});

export const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 12, arbitrary: http },
  { weight: 4, arbitrary: modern },
  { weight: 1, arbitrary: raw },
);

/** JSON that JavaScript would not write. */
function textOf(value: unknown): string {
  return (JSON.stringify(value) as string | undefined)?.replaceAll(VERBATIM, '$1') ?? '';
}
