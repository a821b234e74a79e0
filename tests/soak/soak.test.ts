/**
 * Mixed clients on proxies of all process models, for ten minutes: legacy and modern, with disconnects, crashes, slow
 * readers, resumptions and DELETEs. Every request is answered or refused, no answer is another's, and at the end no child
 * and no memory is left over. MCPGW_SOAK_SECONDS says for how long.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { processesWith, until } from '../helpers/stdio-proxy.ts';
import {
  draw,
  LEGACY_DEEDS,
  LegacySession,
  MODERN_DEEDS,
  UNASKED_DEEDS,
  ModernUser,
  SoakFault,
  type Deed,
  type Outcome,
} from './deeds.ts';
import type { HostUsage } from './host.ts';

const SECONDS = Number(process.env.MCPGW_SOAK_SECONDS ?? 600);
/** What the first round may take: code is compiled and caches fill, which is no leak. */
const WARM_SECONDS = Math.min(30, SECONDS / 4);
const MODELS = ['session', 'user', 'shared'] as const;
const ACTORS = 6;
const USERS = 4;
/** What may be left on a heap, in bytes. */
const MAX_GROWTH = 16 * 1024 * 1024;
const LIMITS = {
  ...{ maxMessageBytes: 4_000_000, maxBufferedBytes: 2_000_000, maxSessions: 60, maxSessionsPerUser: 12 },
  ...{ sessionIdleSeconds: 2, idleChildSeconds: 2, parkedCallSeconds: 2, resumeSeconds: 1, replaySeconds: 2 },
  ...{ stallSeconds: 5, keepAliveSeconds: 1, maxStreamSeconds: 5, maxChildrenPerUser: 24, maxChildren: 80 },
};

interface Host {
  model: string;
  url: string;
  marker: string;
  usage: () => Promise<HostUsage>;
  stop: () => void;
}

async function startHost(model: string): Promise<Host> {
  const marker = `--marker=${randomUUID()}`;
  const script = fileURLToPath(new URL('host.ts', import.meta.url));
  const host = fork(script, [model, marker, JSON.stringify(LIMITS)], { execArgv: [] });
  let died: string | undefined;
  host.on('exit', (code, signal) => (died = `the proxy of ${model} died: ${code ?? signal}`));
  const [url] = (await once(host, 'message')) as [string];
  const usage = async (): Promise<HostUsage> => {
    if (died !== undefined) throw new Error(died);
    host.send('usage');
    const [message] = (await once(host, 'message')) as [HostUsage];
    return message;
  };
  return { model, url, marker, usage, stop: () => host.disconnect() };
}

/** What was done, and what came of it. */
class Tally {
  readonly faults: string[] = [];
  readonly #counts = new Map<string, Map<string, number>>();

  async note(name: string, deed: Promise<Outcome>): Promise<Outcome | 'broken'> {
    const outcome = await deed.catch((error: unknown) => {
      if (error instanceof SoakFault) this.faults.push(error.message);
      else this.faults.push(`${name}: ${inspect(error)}`);
      return 'broken' as const;
    });
    const counts = this.#counts.get(name) ?? new Map<string, number>();
    this.#counts.set(name, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
    return outcome;
  }

  get total(): number {
    return [...this.#counts.values()].flatMap((counts) => [...counts.values()]).reduce((a, b) => a + b, 0);
  }

  table(): object {
    return Object.fromEntries([...this.#counts].map(([name, counts]) => [name, Object.fromEntries(counts)]));
  }
}

/** Of a child that many use, one crash is everybody's, and a wait before the next start. */
function drawFor<T>(model: string, deeds: Deed<T>[]): Deed<T> {
  const drawn = draw(deeds);
  const again = model !== 'session' && drawn[1].endsWith('crash') && Math.random() < 0.95;
  return again ? drawFor(model, deeds) : drawn;
}

/** One client after the other, each for a few deeds. */
async function act({ url, model }: Host, tally: Tally, untilMs: number): Promise<void> {
  while (Date.now() < untilMs && tally.faults.length < 10) {
    const user = `user-${Math.floor(Math.random() * USERS)}`;
    const deeds = 1 + Math.floor(Math.random() * 12);
    if (Math.random() < 0.35) {
      const modern = new ModernUser(url, user);
      for (let i = 0; i < deeds && Date.now() < untilMs; i += 1) {
        const [, name, deed] = drawFor(model, model === 'shared' ? UNASKED_DEEDS : MODERN_DEEDS);
        await tally.note(name, deed(modern));
      }
      continue;
    }
    const session = new LegacySession(url, user);
    if ((await tally.note('open', session.open())) !== 'answered') continue;
    for (let i = 0; i < deeds && Date.now() < untilMs; i += 1) {
      const [, name, deed] = drawFor(model, LEGACY_DEEDS);
      await tally.note(name, deed(session));
    }
    // Others just vanish.
    if (Math.random() < 0.5) await tally.note('DELETE', session.end());
  }
}

/** Waits until sessions have expired and nothing of any child is left. */
async function settled(host: Host): Promise<HostUsage> {
  const { marker, model } = host;
  await until(
    async () => {
      const { sessions, children } = await host.usage();
      return sessions === 0 && children === 0;
    },
    `the end of the sessions and children of ${model}`,
    60_000,
  );
  // The host itself carries the marker, too.
  await until(() => processesWith(marker).length === 1, `no process of ${model} is left`, 10_000);
  return host.usage();
}

it(`${SECONDS} s of mixed sessions`, { timeout: (SECONDS + 300) * 1000 }, async () => {
  const hosts = await Promise.all(MODELS.map(startHost));
  const tally = new Tally();
  const run = async (seconds: number): Promise<HostUsage[]> => {
    const untilMs = Date.now() + seconds * 1000;
    await Promise.all(
      hosts.flatMap((host) => Array.from({ length: ACTORS }, () => act(host, tally, untilMs))),
    );
    expect(tally.faults).toEqual([]);
    return Promise.all(hosts.map(settled));
  };
  try {
    const before = await run(WARM_SECONDS);
    const after = await run(SECONDS - WARM_SECONDS);
    const summary = hosts.map(({ model }, i) => ({
      model,
      children: after[i]!.starts,
      'heap before, MB': (before[i]!.memory / 2 ** 20).toFixed(1),
      'heap after, MB': (after[i]!.memory / 2 ** 20).toFixed(1),
    }));
    console.log(`${tally.total} deeds in ${SECONDS} s`, tally.table(), summary);
    for (const [i, { memory }] of after.entries())
      expect(memory - before[i]!.memory, MODELS[i]).toBeLessThan(MAX_GROWTH);
  } finally {
    for (const { stop } of hosts) stop();
  }
  await until(() => hosts.every(({ marker }) => processesWith(marker).length === 0), 'the proxies are gone');
});
