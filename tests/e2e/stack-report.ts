/** What is said about a stack that runs: its figures, and whether its logs are as they should be. */
import { expect } from 'vitest';
import type { Stack } from '../helpers/stack.ts';

/** What `up --json` prints. */
export interface Up {
  healthy: boolean;
  seconds: number;
  built: string[];
  services: { service: string; state: string }[];
  urls: Record<string, string>;
}

const SECRETS = ['GATEWAY_JWT_SECRET', 'REDIS_PASSWORD', 'GITHUB_CLIENT_SECRET', 'JWT_PRIVATE_KEY_B64'];
/** JWTs of any kind, GitHub's tokens, and what a redirect carries. */
const CREDENTIAL = /eyJ[A-Za-z0-9_-]{10}|gho_[0-9a-f]{10}|[?&]code=|code_verifier/;

/** All logs so far: no secret in any, and no error in Traefik's. */
export async function expectCleanLogs(stack: Stack): Promise<void> {
  const { stdout } = await stack.mcpgw('logs', '--json', '--tail', 'all');
  const records = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { service: string; line: string });
  const all = records.map(({ line }) => line).join('\n');
  // Not `toMatch`: it would print all of it.
  expect(/client registered/.test(all), 'a registration is logged').toBe(true);
  expect(CREDENTIAL.exec(all)?.[0]).toBe(undefined);
  expect(SECRETS.filter((key) => all.includes(stack.env(key)))).toEqual([]);
  const errors = records.filter(
    ({ service, line }) => service === 'traefik' && /\bERR\b|"level":"error"/.test(line),
  );
  expect(errors.map(({ line }) => line)).toEqual([]);
}

/** Time of `up`, sizes of images, idle memory; for a note. */
export function figuresText(stack: Stack, up: Up): string {
  const short = (name: string) => name.replace(`${stack.project}-`, '').replace(/:.*$/, '');
  const list = (values: Record<string, number>, scale: number) =>
    Object.entries(values)
      .map(([name, value]) => `${short(name)} ${Math.round(value / scale)}`)
      .join(', ');
  const memory = stack.memory();
  const total = Object.values(memory).reduce((sum, value) => sum + value, 0);
  return [
    `up: ${up.seconds} s, ${up.built.length} images built`,
    `images (MB, layers that they share counted in each): ${list(stack.images(), 1e6)}`,
    `idle memory (MiB, ${Math.round(total)} in all): ${list(memory, 1)}`,
  ].join('\n');
}
