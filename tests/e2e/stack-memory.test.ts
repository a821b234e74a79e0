/** A container that is full: the kernel ends the server that filled it, and not the proxy with everybody's sessions. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { docker, noDocker } from '../cli/support/docker.ts';

const reason = noDocker('engine');
const ROOT = join(import.meta.dirname, '..', '..');

it.skipIf(reason !== undefined)(`only the server that takes all memory is ended${reason ?? ''}`, () => {
  const { code, stdout, stderr } = docker([
    ...['run', '--rm', '--init', '--network', 'none', '--user', '10001:10001', '--cap-drop', 'ALL'],
    ...['--memory', '256m', '--memory-swap', '256m', '--volume', `${ROOT}:/src:ro`, 'node:24-slim'],
    ...['node', '/src/tests/helpers/stack-full-container.ts'],
  ]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    hog: expect.stringMatching(/was ended by SIGKILL/) as string,
    other: 'still here',
    again: 'still here',
  });
});
