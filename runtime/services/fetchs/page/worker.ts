/** A thread that does one job after the other. It has no environment, and its parent ends it when a job takes too long. */
import { parentPort } from 'node:worker_threads';
import type { Job, JobResults } from './jobs.ts';

parentPort?.on('message', (job: Job) => {
  run(job).then(
    (result) => parentPort?.postMessage({ result }),
    (error: unknown) => parentPort?.postMessage({ error: String(error) }),
  );
});

async function run(job: Job): Promise<JobResults[Job['kind']]> {
  // Loaded when there is a first such job: a thread for robots.txt alone stays small.
  if (job.kind === 'robots') return (await import('./robots-rules.ts')).isAllowedByRobots(job);
  const [{ decodeText }, { pageToMarkdown }] = await Promise.all([
    import('./charset.ts'),
    import('./markdown.ts'),
  ]);
  return pageToMarkdown(decodeText(job.bytes, job.contentType), job.url);
}
