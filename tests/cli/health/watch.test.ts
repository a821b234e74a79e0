import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { startTestGateway } from './embedded-gateway.ts';

const MAIN = join(import.meta.dirname, '..', '..', '..', 'cli', 'main.ts');

it('health --watch --json writes a report a line, also of a gateway that is gone, until it is interrupted', async () => {
  const { folder, close } = await startTestGateway();
  const child = spawn(process.execPath, [MAIN, 'health', '--watch', '--json', '--dir', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
  expect(await next()).toMatchObject({ healthy: true });
  await close();
  expect(await next()).toMatchObject({ healthy: false, error: expect.stringContaining('no gateway runs') });
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([130, null]);
});
