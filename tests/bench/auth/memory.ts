/** Whether the server's memory stays where it is, however many tokens come by. */
import { load } from './load.ts';
import { accessTokens, pick } from './population.ts';
import type { Measured } from './rounds.ts';

const MB = 1024 * 1024;

/** A tenth of the way is for the cache and the heap to fill. */
const STEPS = 10;

/**
 * Verifies `amount` times with `tokens` different tokens in turn, more than the cache holds.
 *
 * @returns resident memory at the end over that after the first two of ten steps, and the most it was, in bytes
 */
export async function measureMemory(
  { servers, key, population }: Measured,
  { amount, tokens }: { amount: number; tokens: number },
  print: (line: string) => void,
): Promise<{ growth: number; highest: number }> {
  const [auth] = servers;
  if (auth === undefined) throw new Error('There is no server.');
  const all = accessTokens(pick(tokens, population.grants), population, key);
  const readings: number[] = [(await auth.usage()).rss];
  for (let step = 0; step < STEPS; step++) {
    const from = Math.floor((step * all.length) / STEPS);
    await load(auth, '/verify/echo', [...all.slice(from), ...all.slice(0, from)], amount / STEPS);
    readings.push((await auth.usage()).rss);
  }
  const growth = (readings.at(-1) ?? 0) / (readings[2] ?? 1);
  print(
    `resident memory over ${amount} verifications of ${all.length} tokens, MB: ${readings.map((rss) => (rss / MB).toFixed(0)).join(' ')}`,
  );
  return { growth, highest: Math.max(...readings) };
}
