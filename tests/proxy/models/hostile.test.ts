/** A server with misdeeds whose child several sessions and requests share: each still gets its own answer, or none. */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import { processesWith, RawClient, startProxy, until, type TestProxy } from '../../helpers/stdio-proxy.ts';

const HOSTILE = fileURLToPath(new URL('../../helpers/hostile-child.js', import.meta.url));
const ANSWERED = [
  ...['garbage', 'invalidUtf8', 'floodStdout', 'floodNotifications', 'floodProgress', 'foreignProgress'],
  ...[
    'floodRequests',
    'sameRequestIds',
    'strangeRequests',
    'foreignIds',
    'cancelsEverything',
    'answersTwice',
  ],
  ...[
    'answersOtherType',
    'answersAhead',
    'longLine',
    'longAnswer',
    'wholeArray',
    'emptyAnswer',
    'deepAnswer',
    'deepRequest',
    'never',
    'forks',
  ],
];
const UNANSWERED = ['emptyAnswer', 'never'];
const DEADLY = ['exits', 'diesInLine', 'closesOutput'];

describe.each(['session', 'user', 'shared'] as const)('process model %s', (model) => {
  const marker = `--marker=${randomUUID()}`;
  let test: TestProxy;
  /** Of the proxy's clock, in milliseconds: what it waits before it starts a server again is not waited for. */
  let ahead = 0;
  let others: ((text: string) => Promise<string>)[];
  let attackers: ((name: string, text: string, signal: AbortSignal) => Promise<Response>)[];

  beforeAll(async () => {
    const limits = { maxMessageBytes: 200_000, maxBufferedBytes: 2_000_000, resumeSeconds: 0.1 };
    const now = () => Date.now() + ahead;
    test = await startProxy({ script: HOSTILE, args: [marker], process: model, limits, now });
    const sessions = ['alice', 'alice', 'bob'].map((user) => new RawClient(test.url, user));
    await Promise.all(sessions.map((client) => client.initialize()));
    const modern = ['alice', 'alice', 'bob'].map((user) => new ModernClient(test.url, user));
    others = [...sessions.slice(1), ...modern.slice(1)].map(
      (client) => (text) => client.tool('echo', { text }),
    );
    attackers = [
      (name, text, signal) => sessions[0]!.post(sessions[0]!.call(name, { text }), {}, signal),
      (name, text, signal) =>
        modern[0]!.post(modern[0]!.body('tools/call', { name, arguments: { text } }), {}, signal),
    ];
  });
  afterAll(async () => {
    await test.close();
    await until(() => processesWith(marker).length === 0, 'no process is left');
  });

  it.each([...ANSWERED, ...DEADLY])('%s', async (name) => {
    for (const attack of attackers) {
      const nonce = randomUUID();
      const abort = new AbortController();
      const attacked = attack(name, nonce, abort.signal)
        .then(async (response) => Buffer.from(await response.arrayBuffer()))
        .catch(() => Buffer.alloc(0));
      const isDeadly = DEADLY.includes(name);
      // What answers calls of others is their server: only where it is asked alone can the others be certain of theirs.
      if (name === 'answersAhead') await attacked;
      const texts = others.map((_other, i) => `other ${i} ${nonce}`);
      const answers = await Promise.all(others.map((other, i) => other(texts[i]!)));
      for (const [i, answer] of answers.entries()) {
        if (!isDeadly) expect(answer).toBe(texts[i]);
        // The server of all has died, or it is one's own: told so, and not something else's answer.
        else expect([texts[i], expect.stringMatching(/"code":-32000/)]).toContainEqual(answer);
      }
      if (UNANSWERED.includes(name)) abort.abort();
      const bytes = await attacked;
      expect(isUtf8(bytes)).toBe(true);
      const said = bytes.toString('utf8');
      if (!UNANSWERED.includes(name)) expect(said).not.toBe('');
      expect(texts.some((text) => said.includes(text))).toBe(false);
    }
    // A last resort, which is for what nobody thought of.
    expect(test.logs.filter(({ message }) => message.includes('could not be handled'))).toEqual([]);
    // And goes on, with a new child where the old one has died.
    await until(async () => {
      const texts = others.map((_other, i) => `then ${i}`);
      const answers = await Promise.all(others.map((other, i) => other(texts[i]!)));
      const served = answers.every((answer, i) => answer === texts[i]);
      if (!served) ahead += 1_000;
      return served;
    }, 'all others are served');
  });
});
