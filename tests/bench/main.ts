/**
 * `npm run bench [-- --short] [-- startup auth proxy wrappers fetchs]`: ratios, each against a yardstick measured in the same run,
 * because machines drift. In the long form a missed bar is a failure; the short one is too rough for that.
 */
import { benchAuth } from './auth/auth.ts';
import { benchFetchs } from './fetchs.ts';
import { benchProxy } from './proxy.ts';
import { benchStartup } from './startup.ts';
import { benchWrappers } from './wrappers/wrappers.ts';

export interface BenchOptions {
  /** Seconds instead of minutes: shows that it runs, its figures are rough. */
  short: boolean;
  print: (line: string) => void;
  /** What `--NAME=NUMBER` said. */
  numbers?: Record<string, number>;
}

const benches: Record<string, (options: BenchOptions) => unknown> = {
  startup: benchStartup,
  auth: benchAuth,
  // It has no bars of its own yet.
  proxy: async ({ short, print }) => void (await benchProxy(print, { short })),
  wrappers: benchWrappers,
  fetchs: benchFetchs,
};

const words = process.argv.slice(2);
const chosen = words.filter((word) => !word.startsWith('--'));
const unknown = chosen.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}
const numbers = Object.fromEntries(
  words.flatMap((word) => {
    const [, name = '', value] = /^--([a-z]+)=(\d+)$/.exec(word) ?? [];
    return value === undefined ? [] : [[name, Number(value)]];
  }),
);
const short = words.includes('--short');
const missed: string[] = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(benches)) {
  console.log(`\n${name}`);
  const result = await benches[name]?.({ short, numbers, print: (line) => console.log(`  ${line}`) });
  if (Array.isArray(result)) missed.push(...(result as string[]).map((line) => `${name}: ${line}`));
}
for (const line of missed) console.log(`MISSED ${line}`);
if (missed.length > 0 && !short) process.exitCode = 1;
