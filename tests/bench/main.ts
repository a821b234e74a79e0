/**
 * `npm run bench [-- --short] [-- startup verify proxy]`: ratios, each against a yardstick measured in the same run,
 * because machines drift.
 */
import { benchProxy } from './proxy.ts';
import { benchStartup } from './startup.ts';
import { benchVerify } from './verify.ts';

export interface BenchOptions {
  /** Seconds instead of minutes: shows that it runs, its figures are rough. */
  short: boolean;
  print: (line: string) => void;
}

const benches: Record<string, (options: BenchOptions) => unknown> = {
  startup: benchStartup,
  verify: benchVerify,
  proxy: ({ short, print }) => benchProxy(print, { short }),
};

const words = process.argv.slice(2);
const chosen = words.filter((word) => !word.startsWith('--'));
const unknown = chosen.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.`);
  process.exit(2);
}
for (const name of chosen.length > 0 ? chosen : Object.keys(benches)) {
  console.log(`\n${name}`);
  await benches[name]?.({ short: words.includes('--short'), print: (line) => console.log(`  ${line}`) });
}
