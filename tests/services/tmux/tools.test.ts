import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../helpers/stdio-proxy.ts';
import { openTerminals, type TestTerminals, tmuxMissing } from '../../helpers/tmux.ts';
import { TOOLS } from '../../../runtime/services/tmux/server.ts';

const missing = tmuxMissing();

describe.skipIf(missing !== undefined)(`terminal sessions${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let test: TestTerminals;
  beforeAll(() => {
    test = openTerminals();
  });
  afterAll(() => test.close());
  const run = (command: string, args: object = {}) =>
    test.call('run_command', { session: 'main', create: true, command, ...args });
  const dataOf = async (command: string, args: object = {}) => (await run(command, args)).data;

  /** Resolves when `program` is in front in the session `main`. */
  const runs = (program: string) =>
    until(async () => (await test.terminals.get('main')).running === program, `${program} runs`);

  it('are described by schemas that take nothing else', () => {
    expect(TOOLS.map(({ definition }) => definition.name).sort()).toEqual(
      [
        ...['attach_session', 'capture_pane', 'create_session', 'kill_session'],
        ...['list_sessions', 'run_command', 'send_keys'],
      ].sort(),
    );
    for (const { definition } of TOOLS) expect(definition.inputSchema.additionalProperties).toBe(false);
  });

  it('open, are listed, resized and killed', async () => {
    expect(await test.does('create_session', { session: 'one', width: 120, height: 30 })).toMatch(
      /^Opened one: 120x30, runs bash/,
    );
    expect(await test.does('list_sessions')).toMatch(/^one: 120x30/m);
    expect((await test.call('create_session', { session: 'one' })).text).toContain('one already');
    const attached = await test.call('attach_session', { session: 'one', width: 80 });
    expect(attached.data).toMatchObject({ session: { name: 'one', width: 80, height: 30 } });
    expect(await test.does('list_sessions')).toMatch(/^one: 80x30/m);
    await test.does('kill_session', { session: 'one' });
    expect((await test.call('kill_session', { session: 'one' })).text).toContain('there is no session one');
  });

  it.each([
    '',
    '-t',
    'a:b',
    'a.b',
    '=a',
    '%1',
    '$1',
    '@1',
    'a b',
    '../a',
    'a\n',
    '#(touch x)',
    'x'.repeat(65),
  ])('refuse the name %j in every tool', async (session) => {
    for (const { definition } of TOOLS.filter(({ definition }) => definition.name !== 'list_sessions')) {
      const args = { session, command: 'true', create: true, text: 'x' };
      const own = Object.keys(definition.inputSchema.properties ?? {});
      const fitting = Object.fromEntries(Object.entries(args).filter(([name]) => own.includes(name)));
      const { text, failed } = await test.call(definition.name, fitting);
      expect([failed, text]).toEqual([true, expect.stringMatching(/^Invalid arguments/) as string]);
    }
  });

  it('run a command to its end, with output and exit code', async () => {
    expect(await dataOf('echo out; echo err >&2; (exit 7)')).toEqual({
      ...{ output: 'out\nerr', exitCode: 7, ended: 'exited', truncated: false },
    });
    expect((await run('true')).text).toBe('exit code 0');
    expect(await dataOf("printf 'no newline'")).toMatchObject({ output: 'no newline', exitCode: 0 });
    expect(await dataOf('echo äöü 🎉')).toMatchObject({ output: 'äöü 🎉' });
    expect(await dataOf("printf 'x%.0s' {1..450}")).toMatchObject({ output: 'x'.repeat(450) });
  });

  it('keep folder, variables and functions for the next command', async () => {
    await run('cd /usr; word="a b"; declare -a list=(1 2); twice() { echo "$1$1"; }');
    expect(await dataOf('pwd; echo "$word ${list[1]}"; twice x')).toMatchObject({
      output: '/usr\na b 2\nxx',
    });
  });

  it.each([
    ['an open quote', 'echo "open'],
    ['a stray bracket', 'echo )'],
    ['a comment', '# nothing'],
    ['an attempt to end the wrapper', '")"; echo broken; echo "$('],
    ['an assignment that fails', 'readonly r=1; r=2'],
    ['a shell without a path', 'PATH= true; old=$PATH; PATH='],
    ['one in it', ':; PATH=/usr/bin:/bin'],
    ['several lines', 'cat <<X\none;\ntwo\nX'],
    ['the end of a chain of tmux', 'echo a \\;'],
  ])('see the end of %s', async (_, command) => {
    expect(await dataOf(command)).toMatchObject({ ended: 'exited', exitCode: expect.any(Number) as number });
    expect(await dataOf('echo fine')).toMatchObject({ output: 'fine', exitCode: 0 });
  });

  it('go on with a command whose time is up, and end it by C-c', async () => {
    const late = await run('echo first; sleep 1000', { timeout_seconds: 0.5 });
    expect(late.data).toMatchObject({ ended: 'timed-out' });
    expect(late.text).toContain('still running after 0.5 s');
    await runs('sleep');
    expect(await test.does('capture_pane', { session: 'main' })).toMatch(/^first$/m);
    const refused = await run('echo second');
    expect([refused.failed, refused.text]).toEqual([true, expect.stringContaining('is busy with sleep')]);
    await test.does('send_keys', { session: 'main', keys: ['C-c'] });
    expect(await dataOf('echo third')).toMatchObject({ output: 'third' });
    expect(await test.does('capture_pane', { session: 'main' })).toMatch(/\] exit 130$/m);
  });

  it('end the wait when the client no longer waits', async () => {
    const gone = new AbortController();
    const call = test.call('run_command', { session: 'main', command: 'sleep 1000' }, gone.signal);
    await runs('sleep');
    gone.abort();
    await expect(call).rejects.toThrow();
    await test.does('send_keys', { session: 'main', keys: ['C-c'] });
    expect(await dataOf('echo back')).toMatchObject({ output: 'back' });
  });

  it('run one command at a time, for several callers and processes', async () => {
    const other = openTerminals(test.folder);
    try {
      const commands = Array.from({ length: 6 }, (_, index) => `sleep 0.05; echo answer ${index}`);
      const answers = await Promise.all(
        commands.map((command, index) =>
          (index % 2 ? test : other).call('run_command', { session: 'main', command }),
        ),
      );
      const texts = answers.map(({ text, failed }) => (failed ? 'busy' : text));
      expect(texts.filter((text) => text !== 'busy').length).toBeGreaterThan(0);
      texts.forEach((text, index) => expect(['busy', `answer ${index}\nexit code 0`]).toContain(text));
      await run('sleep 1000', { timeout_seconds: 0.1 });
      await runs('sleep');
      const refused = await other.call('run_command', { session: 'main', command: 'true' });
      expect(refused.text).toContain('is busy with sleep');
      await test.does('send_keys', { session: 'main', keys: ['C-c'] });
    } finally {
      await other.terminals.end();
    }
  });

  it('leave what is half typed out of a command, and ask for the end of an open one', async () => {
    await test.does('send_keys', { session: 'main', text: 'rm -rf "' });
    expect(await dataOf('echo alone')).toMatchObject({ output: 'alone', exitCode: 0 });
    await test.does('send_keys', { session: 'main', text: 'echo "', keys: ['Enter'] });
    expect((await run('echo no')).text).toContain('waits for the rest of a command');
    await test.does('send_keys', { session: 'main', keys: ['C-c'] });
    expect((await run('echo yes')).text).toMatch(/^yes$/m);
  });

  it('get text letter by letter, whatever tmux or a shell make of it elsewhere', async () => {
    await run('cat > typed; true', { timeout_seconds: 0.1 });
    await runs('cat');
    const text = '-l $HOME `id` #{pid} Enter C-c \\; "\' ;';
    await test.does('send_keys', { session: 'main', text, keys: ['Enter', 'C-d'] });
    expect(await dataOf('cat typed')).toMatchObject({ output: text });
    const long = 'ü;'.repeat(1_900);
    await run('stty -icanon; head -c 5700 > typed; stty icanon', { timeout_seconds: 0.1 });
    await runs('head');
    await test.does('send_keys', { session: 'main', text: long });
    expect(await dataOf('[ "$(cat typed)" = "$(printf "ü;%.0s" {1..1900})" ] && echo same')).toMatchObject({
      output: 'same',
    });
  });

  it('refuse control characters as text or command, and keys that are none', async () => {
    const session = 'main';
    expect((await test.call('send_keys', { session, text: 'a\u001b' })).failed).toBe(true);
    expect((await test.call('send_keys', { session, keys: ['Enter; kill-server'] })).failed).toBe(true);
    expect((await test.call('send_keys', { session })).text).toContain('needs text or keys');
    expect((await run('echo \u0003')).failed).toBe(true);
  });

  it('give the history up to a bound, and the end of what is too long', async () => {
    await run('seq 1 300');
    const lines = (text: string) => text.split('\n').filter((line) => /^\d+$/.test(line));
    expect(lines(await test.does('capture_pane', { session: 'main' })).length).toBeLessThan(60);
    expect(lines(await test.does('capture_pane', { session: 'main', history_lines: 1_000 }))).toContain('1');
    expect((await test.call('capture_pane', { session: 'main', history_lines: 1e6 })).failed).toBe(true);
    const much = await run('seq 1 12000', { timeout_seconds: 20 });
    expect(much.data).toMatchObject({ truncated: true, exitCode: 0 });
    expect(much.text).toMatch(/12000\nexit code 0$/);
    expect(much.text.length).toBeLessThan(51_000);
  });

  it('say that the shell has exited', async () => {
    const ended = await test.call('run_command', { session: 'brief', create: true, command: 'exit 3' });
    expect(ended.data).toMatchObject({ ended: 'shell-gone' });
    expect(await test.does('list_sessions')).not.toContain('brief');
  });

  it('are bounded in number', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    const made = [];
    for (const session of names) made.push(await test.call('create_session', { session }));
    const refused = made.filter(({ failed }) => failed);
    expect(refused[0]?.text).toContain('there are 20 sessions already');
    for (const session of names) await test.call('kill_session', { session });
  });

  it('of another folder are other ones', async () => {
    const other = openTerminals();
    try {
      expect((await other.call('attach_session', { session: 'main' })).text).toContain('there is none');
      await other.does('create_session', { session: 'theirs' });
      expect(await test.does('list_sessions')).not.toContain('theirs');
      await other.close();
      expect(await test.does('list_sessions')).toMatch(/^main:/m);
    } finally {
      await other.close();
    }
  });

  it('are the same for all processes of a user, and end with the last of them', async () => {
    const first = openTerminals();
    const second = openTerminals(first.folder);
    try {
      await first.does('run_command', { session: 'a', create: true, command: 'word=kept; touch made' });
      expect(await second.does('list_sessions')).toMatch(/^a:/m);
      await second.does('attach_session', { session: 'a' });
      await first.terminals.end();
      expect(await second.does('run_command', { session: 'a', command: 'echo $word' })).toMatch(/^kept$/m);
      await second.terminals.end();
      expect(await second.does('list_sessions')).toContain('There is no session');
      expect(readdirSync(first.folder)).toContain('made');
      const left = readdirSync(join(first.folder, '.tmux'));
      expect(left.filter((name) => !/^(?:rc|socket|session-a\.state)$/.test(name))).toEqual([]);
    } finally {
      await second.close();
    }
  });
});
