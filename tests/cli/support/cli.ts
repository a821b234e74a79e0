/** The program in a process of its own, from the sources, without a terminal. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** @param environment beside PATH */
export function mcpgw(
  args: string[],
  environment: Record<string, string> = {},
  input = '',
): Promise<Finished> {
  return run(process.execPath, [join(ROOT, 'cli', 'main.ts'), ...args], environment, input);
}

export function run(
  file: string,
  args: string[],
  environment: Record<string, string> = {},
  input = '',
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: { PATH: process.env.PATH ?? '', ...environment }, stdio: 'pipe' });
    const finished: Finished = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (finished.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (finished.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...finished, code }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
