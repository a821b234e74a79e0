import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { PageJob, RobotsJob } from '../../../../runtime/services/fetchs/page/jobs.ts';
import { JobError, Workers, type WorkersOptions } from '../../../../runtime/services/fetchs/page/workers.ts';

function pool(options: Partial<WorkersOptions> = {}): Workers {
  const workers = new Workers({ size: 1, timeoutMs: 10_000, idleMs: 60_000, ...options });
  onTestFinished(() => workers.close());
  return workers;
}

const page = (html: string): PageJob => ({
  kind: 'page',
  bytes: Buffer.from(html),
  url: 'https://a.example/',
});
/** Takes hours. */
const endless: RobotsJob = {
  kind: 'robots',
  rules: `User-agent: *\n${`Disallow: /${'*a'.repeat(120)}b\n`.repeat(3_000)}`,
  rulesUrl: 'https://a.example/robots.txt',
  product: 'x',
  url: `https://a.example/${'a'.repeat(7_000)}`,
};
const always = new AbortController().signal;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until this process has worked for so long, where only a job can: it is under way then, however busy the machine is. */
async function spent(cpuMs: number): Promise<void> {
  const before = process.cpuUsage();
  while (process.cpuUsage(before).user < cpuMs * 1000) await delay(20);
}

describe('the threads', () => {
  it('do one job after the other, on no more of them than there may be', async () => {
    const workers = pool({ size: 2 });
    const jobs = ['a', 'b', 'c', 'd', 'e'].map((text) => workers.run(page(text), always));
    expect((await Promise.all(jobs)).map(({ markdown }) => markdown)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(workers.size).toBe(2);
  });

  it('are not there before they are needed, and end when they have nothing to do', async () => {
    const workers = pool({ idleMs: 1 });
    expect(workers.size).toBe(0);
    await workers.run(page('a'), always);
    await until(() => workers.size === 0);
    expect((await workers.run(page('b'), always)).markdown).toBe('b');
  });

  it('give up a job that takes too long, and go on with the next', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const workers = pool({ timeoutMs: 6_000 });
    const jobs = Promise.allSettled([workers.run(endless, always), workers.run(page('next'), always)]);
    await spent(1_000);
    vi.advanceTimersByTime(6_000);
    const [hostile, next] = await jobs;
    expect(hostile).toMatchObject({ status: 'rejected', reason: expect.any(JobError) });
    expect(next).toMatchObject({ status: 'fulfilled', value: { markdown: 'next' } });
  });

  it('give up a job that takes too much memory, and go on with the next', async () => {
    const workers = pool({
      resourceLimits: { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8, stackSizeMb: 4 },
    });
    const [hostile, next] = await Promise.allSettled([
      workers.run(page(`<p>${'<b>x</b>'.repeat(59_000)}`), always),
      workers.run(page('next'), always),
    ]);
    expect(hostile).toMatchObject({ status: 'rejected', reason: expect.any(JobError) });
    expect(next).toMatchObject({ status: 'fulfilled', value: { markdown: 'next' } });
  });

  it('leave a job that nobody waits for any more, whether it waits or is worked on', async () => {
    const workers = pool();
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = workers.run(endless, running.signal);
    const second = workers.run(page('second'), waiting.signal);
    const third = workers.run(page('third'), always);
    waiting.abort();
    running.abort();
    await expect(first).rejects.toThrow('aborted');
    await expect(second).rejects.toThrow('aborted');
    expect((await third).markdown).toBe('third');
  });
});
