/**
 * Malformed and hostile HTTP and JSON-RPC on the proxy, while others work with it. No crash, no 5xx that is not true, nobody
 * gets what is another's, and nothing piles up. `npm run fuzz` sends 50,000; MCPGW_FUZZ_SEED repeats a run.
 */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ModernClient } from '../../helpers/modern-client.ts';
import { CONTEXT_HEADER } from '../../../runtime/config/context.ts';
import {
  contextOf,
  processesWith,
  RawClient,
  startProxy,
  until,
  type Loose,
} from '../../helpers/stdio-proxy.ts';
import { EVENT_ID, input, OWN_SESSION, THEIR_SESSION, type HttpInput, type Input } from './inputs.ts';
import { sendHttp, sendRaw, type Outcome } from './send.ts';

const COUNT = Number(process.env.MCPGW_FUZZ_INPUTS ?? 2_000);
const SEED = Number(process.env.MCPGW_FUZZ_SEED ?? 20_261_124);
/** Not that in which the attackers' server is everybody's. */
const MODELS = ['session', 'user'] as const;
const AT_ONCE = 8;
/** After so many the attackers' sessions are replaced: they are worn out. */
const WORN_AFTER = 400;
const SESSIONS = 4;
/** Of the proxy's own: when the server has died, is not to be had, or takes too long. */
const TRUE_FAILURES = new Set([502, 503, 504]);
const MARK = 'witness-';
/** What may be left in memory, in bytes: code that was compiled since, caches that are bounded. */
const MAX_GROWTH = 48 * 1024 * 1024;

async function start(model: 'session' | 'user') {
  const marker = `--marker=${randomUUID()}`;
  const test = await startProxy({
    args: [marker],
    process: model,
    limits: { maxMessageBytes: 65_536, maxSessionsPerUser: 20, resumeSeconds: 0.2, stallSeconds: 1 },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const port = Number(new URL(test.url).port);
  onTestFinished(async () => {
    agent.destroy();
    await test.close();
    await until(() => processesWith(marker).length === 0, 'no child is left');
  });
  return { test, agent, port, marker };
}

type Gateway = Awaited<ReturnType<typeof start>>;

/** A user who does nothing wrong. */
async function witness({ test }: Gateway, user: string) {
  const client = new RawClient(test.url, user);
  await client.initialize();
  const call = async (): Promise<void> => {
    const text = `${MARK}${randomUUID()}`;
    expect(await client.tool('echo', { text })).toBe(text);
  };
  return { call, sessionId: client.headers['mcp-session-id']! };
}

/** The same in the era without sessions. */
function modernWitness({ test }: Gateway, user: string) {
  const client = new ModernClient(test.url, user);
  const call = async (): Promise<void> => {
    const text = `${MARK}${randomUUID()}`;
    expect(await client.tool('echo', { text })).toBe(text);
  };
  return { call };
}

/** Somebody who signed in and does everything wrong. */
function attacker({ test, agent, port }: Gateway, theirs: string) {
  const [mallory, eve] = [contextOf('mallory'), contextOf('eve')];
  let own: { id: string; event: string }[] = [];
  const opened = new Set<string>();
  const renew = async (): Promise<void> => {
    const old = [...opened].flatMap((id) =>
      ['mallory', 'eve'].map((user) => new RawClient(test.url, user, { 'mcp-session-id': id })),
    );
    await Promise.all(old.map((client) => client.send('DELETE')));
    opened.clear();
    own = await Promise.all(
      Array.from({ length: SESSIONS }, async (_each, i) => {
        const client = new RawClient(test.url, 'mallory');
        // In `user` all of the attacker's share the server that the attacker makes crash, and each start waits for longer.
        const open = () => client.initialize(i === 0 ? '2025-03-26' : '2025-11-25');
        const id = await vi.waitFor(open, { timeout: 60_000, interval: 200 });
        opened.add(id);
        const events = await (await client.post(client.call('log'))).text();
        return { id, event: /^id: (.*)$/m.exec(events)?.[1] ?? '' };
      }),
    );
  };
  let sent = 0;
  const fill = (value: string): string => {
    const session = own[sent % own.length];
    return (
      { [OWN_SESSION]: session?.id, [EVENT_ID]: session?.event, [THEIR_SESSION]: theirs }[value] ?? value
    );
  };
  const send = async (each: Input): Promise<Outcome> => {
    sent += 1;
    if (each.kind === 'raw') return sendRaw(port, each);
    const headers = Object.entries(each.headers).map(([name, value]) => [name, fill(value)]);
    // Calls that wait for a round of their client's keep servers busy, up to their user's bound.
    const identity = { [CONTEXT_HEADER]: 'mcp-session-id' in each.headers ? mallory : eve };
    const outcome = await sendHttp(port, agent, {
      ...each,
      headers: { ...identity, ...Object.fromEntries(headers) },
    });
    const id = outcome.headers['mcp-session-id'];
    if (typeof id === 'string') opened.add(id);
    return outcome;
  };
  return { renew, send };
}

/** @returns what is wrong with the answer, if anything */
function fault(each: Input, { status, text }: Outcome): string | undefined {
  if (text.includes(MARK)) return "another's answer";
  if (each.kind === 'raw') return status >= 500 && status !== 505 && status !== 501 ? `${status}` : undefined;
  if (status === -1) return 'no answer';
  if (status === 0) return 'cut';
  if (status >= 500 && !TRUE_FAILURES.has(status)) return `${status}`;
  if (status === 200 && each.method === 'POST') return wrongId(each, text);
  return undefined;
}

/** The id of an answer is one that was asked with. */
function wrongId({ body }: HttpInput, text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  const asked = JSON.parse(String(body));
  const answered = JSON.parse(text);
  const ids: unknown[] = [
    null,
    ...(Array.isArray(asked) ? asked : [asked]).map((message: Loose) => message?.id),
  ];
  return ids.includes(answered.id) ? undefined : `answers ${JSON.stringify(answered.id)}`;
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('malformed and hostile inputs', () => {
  it.each(MODELS)(
    `${COUNT / MODELS.length} of them break nothing: process model %s`,
    { timeout: 3_600_000 },
    async (model) => {
      const rejected: unknown[] = [];
      const onRejection = (reason: unknown): void => void rejected.push(reason);
      process.on('unhandledRejection', onRejection);
      onTestFinished(() => void process.off('unhandledRejection', onRejection));
      const gateway = await start(model);
      const witnesses = [await witness(gateway, 'alice'), await witness(gateway, 'bob')];
      const { renew, send } = attacker(gateway, witnesses[0]!.sessionId);
      const calls = [...witnesses, modernWitness(gateway, 'alice'), modernWitness(gateway, 'carol')];
      const statuses = new Map<number, number>();
      let sent = 0;
      let heap: number | undefined;
      const property = fc.asyncProperty(
        fc.array(input, { minLength: AT_ONCE, maxLength: AT_ONCE }),
        async (inputs) => {
          if (sent % WORN_AFTER === 0) {
            await renew();
            gateway.test.logs.length = 0;
            // After the first round, when everything has been in use.
            if (sent > 0) heap ??= heapBytes();
          }
          sent += inputs.length;
          const [outcomes] = await Promise.all([
            Promise.all(inputs.map(send)),
            ...calls.map(({ call }) => call()),
          ]);
          const faults: string[] = [];
          for (const [i, outcome] of outcomes.entries()) {
            statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1);
            const wrong = fault(inputs[i]!, outcome);
            if (wrong !== undefined)
              faults.push(
                `${wrong}: ${outcome.text.slice(0, 500)} ${JSON.stringify(inputs[i]).slice(0, 3000)}`,
              );
          }
          expect(faults).toEqual([]);
          expect(rejected).toEqual([]);
        },
      );
      await fc.assert(property, {
        seed: SEED,
        numRuns: Math.ceil(COUNT / MODELS.length / AT_ONCE),
        endOnFailure: true,
      });
      await renew();
      const growth = heapBytes() - (heap ?? heapBytes());
      if (process.env.MCPGW_FUZZ_INPUTS !== undefined)
        console.log('statuses', statuses, 'heap grew by', growth, 'of', gateway.test.proxy.stats());
      expect(growth).toBeLessThan(MAX_GROWTH);
      // They get past the first checks, too, and not all the same way.
      for (const status of [200, 202, 400, 401, 403, 404, 405, 406, 413, 415])
        expect(statuses.get(status) ?? 0, String(status)).toBeGreaterThan(0);
    },
  );
});
