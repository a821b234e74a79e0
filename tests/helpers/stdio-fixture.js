/**
 * A stdio MCP server for tests, without any library: each tool shows one behaviour of good or bad servers.
 * Flags: `--marker=…` (to be found in /proc), `--stubborn` (survives the end of its input and SIGTERM), `--exit-on-init`,
 * `--only-init` (ends when anything else comes first), `--silent-init`, `--refuse-init`, `--version=…` (what it
 * negotiates), `--ping-init` (asks before it answers), `--roots` (works in the folders that the client names, as the file
 * server does), `--page=…` (tools on one page of their list), `--list-late` (says something before it lists them, so that
 * the answer comes on a stream), `--changes` (tells of changed lists and resources), `--param-headers` (its tool echo wants
 * its text in a header, too), `--says=…` (JSON, of which `capabilities` and `serverInfo` stand in its handshake), `--file=…` (where its tool remember writes all that it was told, as the memory server does).
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { existsSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers';
import { stayAlive } from './stdio-stay-alive.js';

const flags = process.argv.slice(2);
const flag = (name) => flags.includes(`--${name}`);
const option = (name) => flags.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3);
const seen = [];
const waiting = new Map();
const steps = [];
/** Of its input: the first line and the one that is being handled. */
const lines = { first: undefined, current: '' };
let folders = ['/allowed'];
let nextRequest = 0;

const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const answer = (id, text) => say({ id, result: { content: [{ type: 'text', text }] } });
const notify = (method, params) => say({ method, params });

function ask(method, params) {
  const id = `fixture-${nextRequest++}`;
  say({ id, method, params });
  return new Promise((resolve) => waiting.set(id, resolve));
}

const sampling = { messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }], maxTokens: 10 };

/** Read when it is first needed, and written whole each time: another process's words are lost. */
let words;

const tools = {
  remember: (id, { word }) => {
    const file = option('file');
    words ??= existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    words.push(word);
    writeFileSync(file, words.join('\n'));
    answer(id, 'remembered');
  },
  echo: (id, { text }) => answer(id, text),
  pid: (id) => answer(id, String(process.pid)),
  env: (id) => answer(id, JSON.stringify(process.env)),
  silent: () => undefined,
  sleep: (id, { ms }) => setTimeout(() => answer(id, 'slept'), ms),
  /** Says by a file that it has begun, and ends once there is another (`Gate` of `stdio-proxy.ts`). */
  wait: (id, { begun, open }) => {
    writeFileSync(begun, '');
    const look = () => {
      // Not longer than its input is open: nobody is left then who would open the gate.
      if (!existsSync(open)) return setTimeout(look, 5).unref();
      for (const file of [begun, open]) rmSync(file);
      answer(id, 'waited');
    };
    look();
  },
  seen: (id) => answer(id, JSON.stringify(seen)),
  big: (id, { bytes }) => answer(id, 'x'.repeat(bytes)),
  length: (id, { text }) => answer(id, String(text.length)),
  crash: () => process.exit(3),
  answerAndExit: (id) => {
    answer(id, 'last words');
    process.stdout.end(() => process.exit(0));
  },
  progress: (id, { count }, meta) => {
    for (let progress = 1; progress <= count; progress += 1)
      notify('notifications/progress', { progressToken: meta.progressToken, progress, total: count });
    answer(id, 'done');
  },
  stepwise: async (id, { before, after, text = 'done' }, { progressToken }) => {
    for (let progress = 1; progress <= before + after; progress += 1) {
      if (progress === before + 1) await new Promise((resolve) => steps.push(resolve));
      notify('notifications/progress', { progressToken, progress });
    }
    answer(id, text);
  },
  stepOn: (id) => {
    for (const go of steps.splice(0)) go();
    answer(id, 'gone on');
  },
  logAndFail: (id) => {
    notify('notifications/message', { level: 'error', data: 'failing' });
    say({ id, error: { code: -32603, message: 'failed' } });
  },
  log: (id) => {
    notify('notifications/message', { level: 'info', data: 'working' });
    answer(id, 'logged');
  },
  logSlowly: (id, { level = 'info', data, ms }) => {
    setTimeout(() => {
      notify('notifications/message', { level, data });
      answer(id, 'logged');
    }, ms);
  },
  ask: async (id) => answer(id, JSON.stringify((await ask('sampling/createMessage', sampling)).result)),
  askWhat: async (id, { method, params }) => answer(id, JSON.stringify(await ask(method, params))),
  /** Says it as it was told. */
  result: (id, { json }) =>
    process.stdout.write(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}\n`),
  notification: (id, { json }) => {
    process.stdout.write(`${json}\n`);
    answer(id, 'told');
  },
  lines: (id) => answer(id, JSON.stringify(lines)),
  folders: (id) => answer(id, JSON.stringify(folders)),
  /** Asks twice, the second time after the first answer. */
  askTwice: async (id) => {
    const first = await ask('elicitation/create', { message: 'first' });
    const second = await ask('elicitation/create', { message: 'second' });
    answer(id, JSON.stringify([first.result, second.result]));
  },
  askBoth: async (id) => {
    const both = [ask('elicitation/create', { message: 'both' }), ask('sampling/createMessage', sampling)];
    answer(id, JSON.stringify((await Promise.all(both)).map((each) => each.result)));
  },
  update: (id, { uri }) => {
    notify('notifications/resources/updated', { uri });
    answer(id, 'updated');
  },
  logs: (id, { levels }) => {
    for (const level of levels) notify('notifications/message', { level, data: level });
    answer(id, 'logged');
  },
  askLater: (id) => {
    answer(id, 'soon');
    setTimeout(async () => seen.push({ asked: await ask('sampling/createMessage', sampling) }), 20);
  },
  askAlone: async (id) => {
    answer(id, 'asking');
    seen.push({ asked: await ask('sampling/createMessage', sampling) });
  },
  lateProgress: (id) => {
    answer(id, 'done');
    notify('notifications/progress', { progressToken: 'late', progress: 1 });
  },
  listChanged: (id, { count = 1 }) => {
    answer(id, 'changed');
    for (let i = 0; i < count; i += 1) notify('notifications/tools/list_changed', { i });
  },
  split: (id, { text }) => {
    const line = Buffer.from(
      `${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })}\r\n`,
    );
    const at = line.findIndex((byte) => byte > 0x7f) + 1;
    process.stdout.write(line.subarray(0, at));
    setTimeout(() => process.stdout.write(line.subarray(at)), 30);
  },
  noise: (id) => {
    process.stdout.write('Server listening on nothing\n\n{"half": \n[1,2]\n42\n');
    answer(id, 'noisy');
  },
  stderr: (id, { bytes }) => {
    for (let left = bytes; left > 0; left -= 100) writeSync(2, `${'e'.repeat(99)}\n`);
    answer(id, 'complained');
  },
  flood: (id, { lines }) => {
    for (let i = 0; i < lines; i += 1)
      notify('notifications/resources/updated', { uri: `test://${i}`, pad: 'x'.repeat(1000) });
    answer(id, 'flooded');
  },
  batch: (id) => {
    const result = { content: [{ type: 'text', text: 'in an array' }] };
    process.stdout.write(`${JSON.stringify([{ jsonrpc: '2.0', id, result }])}\n`);
  },
  /** Starts a process that leaves the group, as Playwright does with browsers. */
  browser: (id) => {
    const script = fileURLToPath(new URL('stdio-stay-alive.js', import.meta.url));
    const browser = spawn(process.execPath, [script, '--browser', ...flags], {
      detached: true,
      stdio: 'ignore',
    });
    answer(id, String(browser.pid));
    browser.unref();
  },
  deaf: (id) => {
    answer(id, 'not listening');
    process.stdin.pause();
    stayAlive();
  },
};

const changes = { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } };
const capabilities = { tools: {}, logging: {}, ...(flag('changes') && changes) };
const says = JSON.parse(option('says') ?? '{}');
const info = {
  capabilities: { ...capabilities, ...says.capabilities },
  serverInfo: { name: 'fixture', version: '1.0.0', ...says.serverInfo },
};

let initialized = false;

async function initialize(id, params) {
  initialized = true;
  if (flag('exit-on-init')) {
    writeSync(2, 'cannot open the database\n');
    process.exit(1);
  }
  if (flag('silent-init')) return;
  if (flag('refuse-init')) return say({ id, error: { code: -32602, message: 'not today' } });
  if (flag('ping-init')) await ask('ping');
  say({ id, result: { protocolVersion: option('version') ?? params.protocolVersion, ...info } });
}

async function takeRoots() {
  const { result } = await ask('roots/list');
  if (result !== undefined) folders = result.roots.map((root) => root.uri);
}

function listTools(id, { cursor = '0' }) {
  const text = { type: 'string', 'x-mcp-header': 'Text' };
  const schema = { type: 'object', ...(flag('param-headers') && { properties: { text } }) };
  const all = Object.keys(tools).map((name) => ({
    name,
    inputSchema: name === 'echo' ? schema : { type: 'object' },
  }));
  const from = Number(cursor);
  const to = from + Number(option('page') ?? all.length);
  const page = { tools: all.slice(from, to), ...(to < all.length && { nextCursor: String(to) }) };
  if (flag('list-late')) notify('notifications/message', { level: 'info', data: 'listing' });
  // A number that a double would change.
  const line = JSON.stringify({ jsonrpc: '2.0', id, result: page });
  process.stdout.write(`${line.slice(0, -2)},"_meta":{"exact":12345678901234567890}}}\n`);
}

function handle(message) {
  const { id, method, params = {} } = message;
  if (flag('only-init') && method !== 'initialize' && !initialized) process.exit(1);
  if (method === undefined) {
    waiting.get(id)?.(message);
    waiting.delete(id);
  } else if (id === undefined) {
    seen.push({ method, params });
    if (flag('roots') && method === 'notifications/roots/list_changed') void takeRoots();
  } else if (method === 'initialize') void initialize(id, params);
  else if (method === 'ping') say({ id, result: {} });
  else if (method === 'logging/setLevel' || method.endsWith('subscribe')) {
    seen.push({ method, params });
    say({ id, result: {} });
  } else if (method === 'resources/read') say({ id, error: { code: -32002, message: 'not there' } });
  else if (method === 'tools/list') listTools(id, params);
  else if (method === 'tools/call' && params.name in tools)
    void tools[params.name](id, params.arguments ?? {}, params._meta ?? {});
  else say({ id, error: { code: -32601, message: `unknown method ${method}` } });
}

if (flag('stubborn')) {
  process.on('SIGTERM', () => undefined);
  stayAlive();
}
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const all = (rest + chunk).split('\n');
  rest = all.pop();
  for (const line of all) {
    lines.first ??= line;
    lines.current = line;
    handle(JSON.parse(line));
  }
});
process.stdout.on('error', () => undefined);
