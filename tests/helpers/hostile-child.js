/**
 * A stdio MCP server that does what servers should not: each tool is one misdeed, after which it answers with the `text`
 * that it was sent, where it can. `--always=NAME,NAME` does these around every call of `echo`; `--marker=…` is to be found
 * in /proc. `--stubborn` ignores the end of its input and SIGTERM.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { clearInterval, setImmediate, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { stayAlive } from './stdio-stay-alive.js';

const flags = process.argv.slice(2);
const option = (name) => flags.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3);
const always = (option('always') ?? '').split(',').filter((name) => name !== '');
const STAY_ALIVE = fileURLToPath(new URL('stdio-stay-alive.js', import.meta.url));

const raw = (data) => process.stdout.write(data);
const say = (message) => raw(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const answer = (id, text) => say({ id, result: { content: [{ type: 'text', text }] } });
const times = (count, act) => {
  for (let i = 0; i < count; i += 1) act(i);
};

/** What can be read, but not written again by everybody. */
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

const misdeeds = {
  echo: () => undefined,
  /** Noise between messages: none of it JSON-RPC of MCP. */
  garbage: () =>
    raw(
      [
        'Listening on port 3000',
        '{"jsonrpc":"2.0","id":',
        '[]',
        '[[[]]]',
        'null',
        '42',
        '{"jsonrpc":"1.0","id":1,"result":{}}',
        '{"jsonrpc":"2.0","id":{"a":1},"result":{}}',
        '{"jsonrpc":"2.0","id":1.5,"result":{}}',
        '{"jsonrpc":"2.0","method":7}',
        '{"jsonrpc":"2.0","id":null,"method":"ping"}',
        '{"jsonrpc":"2.0","id":9,"method":"ping","params":[1]}',
        '{"__proto__":{"id":1},"jsonrpc":"2.0"}',
        '[{"jsonrpc":"2.0"},3,"x"]',
        `${'['.repeat(50_000)}${']'.repeat(50_000)}`,
        `{"jsonrpc":"2.0","method":"notifications/message","params":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`,
        '\u0000\u0001\u0007',
        '\r\n\r\r',
        '',
      ].join('\n'),
    ),
  invalidUtf8: () =>
    raw(
      Buffer.concat([
        Buffer.from('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"'),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
        Buffer.from('"}}\n'),
        Buffer.from([0xff, 0x0a, 0x80, 0x0a]),
      ]),
    ),
  floodStdout: () => times(20_000, (i) => raw(`this is line ${i} of a banner\n`)),
  floodStderr: () => times(20_000, (i) => writeSync(2, `complaint ${i}\n`)),
  floodNotifications: () =>
    times(20_000, (i) => say({ method: 'notifications/resources/updated', params: { uri: `test://${i}` } })),
  floodProgress: (_id, { progressToken = 'nobody' }) =>
    times(5_000, (progress) =>
      say({ method: 'notifications/progress', params: { progressToken, progress } }),
    ),
  foreignProgress: () =>
    times(50, (i) =>
      say({
        method: 'notifications/progress',
        params: { progressToken: i, progress: 1, message: 'foreign' },
      }),
    ),
  floodRequests: () =>
    times(3_000, (i) => say({ id: `hostile-${i}`, method: 'sampling/createMessage', params: { i } })),
  sameRequestIds: () => times(300, () => say({ id: 1, method: 'elicitation/create', params: {} })),
  strangeRequests: () => {
    for (const method of ['initialize', 'tools/call', 'roots/list', '__proto__', '', 'x'.repeat(10_000)])
      say({ id: `strange-${method}`, method, params: {} });
  },
  /** Answers to what nobody asked, or what somebody else asked. */
  foreignIds: () => {
    times(200, (i) => answer(i + 1_000_000, 'foreign'));
    for (const id of ['', '0', 'initialize', '__proto__', 'constructor', -1, null]) answer(id, 'foreign');
  },
  cancelsEverything: (id) => {
    say({ method: 'notifications/cancelled', params: { requestId: id, reason: 'hostile' } });
    say({ method: 'notifications/initialized' });
  },
  answersTwice: (id, _meta, text) => {
    answer(id, text);
    answer(id, 'again');
    say({ id, error: { code: 1, message: 'and again' } });
  },
  answersOtherType: (id) => answer(typeof id === 'number' ? String(id) : Number(id) || 0, 'other type'),
  answersAhead: (id) => {
    if (typeof id === 'number') times(50, (i) => answer(id + i + 1, 'ahead'));
  },
  resultAndError: (id) => say({ id, result: { content: [] }, error: { code: 1, message: 'both' } }),
  emptyAnswer: (id) => say({ id }),
  wholeArray: (id) => raw(`${JSON.stringify(Array(2_000).fill({ jsonrpc: '2.0', id, result: {} }))}\n`),
  deepAnswer: (id) =>
    raw(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":${DEEP},"content":${DEEP}}}\n`),
  deepRequest: (_id, { progressToken = 'nobody' }) => {
    raw(`{"jsonrpc":"2.0","id":"deep","method":"elicitation/create","params":{"a":${DEEP}}}\n`);
    raw(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":${DEEP}}}\n`);
    const token = JSON.stringify(progressToken);
    raw(
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":1,"a":${DEEP}}}\n`,
    );
    raw(`[{"jsonrpc":"2.0","id":"deep","method":"ping","params":{"a":${DEEP}}}]\n`);
  },
  longLine: () => raw(`{"jsonrpc":"2.0","method":"x","params":{"a":"${'x'.repeat(300_000)}"}}\n`),
  /** The id is where it can be found. */
  longAnswer: (id) =>
    raw(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":"${'x'.repeat(300_000)}"}}\n`),
  /** And here it is not. */
  longUnknownAnswer: (id) => {
    const pad = 'x'.repeat(150_000);
    raw(`{"jsonrpc":"2.0","a":"${pad}","id":${JSON.stringify(id)},"result":{"a":"${pad}"}}\n`);
  },
  never: () => 'silent',
  /** Goes on as long as it is let. */
  endless: (_id, { progressToken = 'nobody' }) => {
    const params = { progressToken, progress: 1, message: 'y'.repeat(1000) };
    const more = setInterval(() => {
      for (let i = 0; i < 100; i += 1) if (!say({ method: 'notifications/progress', params })) return;
    }, 0);
    process.stdout.once('close', () => clearInterval(more));
    process.stdout.once('error', () => clearInterval(more));
    return 'silent';
  },
  deaf: () => {
    process.stdin.pause();
    stayAlive();
  },
  closesOutput: () => {
    process.stdout.end();
    stayAlive();
    return 'silent';
  },
  closesInput: () => {
    closeSync(0);
    stayAlive();
    return 'silent';
  },
  diesInLine: (id) => {
    writeSync(1, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"conte`);
    process.kill(process.pid, 'SIGKILL');
    return 'silent';
  },
  exits: () => process.exit(7),
  /** Processes in its group and outside of it, which hold its pipes. */
  forks: () =>
    times(3, (i) =>
      spawn(process.execPath, [STAY_ALIVE, '--browser', ...flags], {
        ...{ detached: i > 0, stdio: i === 2 ? 'ignore' : 'inherit' },
      }).unref(),
    ),
};

function call(id, { name, arguments: { text = '' } = {}, _meta = {} }) {
  const wanted = name === 'echo' ? always : [name];
  let silent = false;
  for (const each of wanted) if (misdeeds[each]?.(id, _meta, text) === 'silent') silent = true;
  if (!silent) answer(id, text);
}

function handle({ id, method, params = {} }) {
  if (method === undefined || id === undefined) return;
  if (method === 'initialize') {
    if (always.includes('answersAhead')) answer('first', 'ahead');
    say({
      id,
      result: {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'hostile', version: '1' },
      },
    });
  } else if (method === 'tools/call') setImmediate(call, id, params);
  else if (method === 'tools/list')
    say({
      id,
      result: { tools: Object.keys(misdeeds).map((name) => ({ name, inputSchema: { type: 'object' } })) },
    });
  else say({ id, result: {} });
}

if (flags.includes('--stubborn')) {
  process.on('SIGTERM', () => undefined);
  stayAlive();
}
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) handle(JSON.parse(line));
});
process.stdout.on('error', () => undefined);
