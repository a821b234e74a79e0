/** The admin API of a stack: `docker compose exec` runs its command line in the container of auth. */
import { z } from 'zod';
import type { AdminAnswer } from '../../runtime/embedded/admin.ts';
import { execArgv } from '../compose/argv.ts';
import { requireDocker } from '../compose/docker.ts';
import { refuseForeign } from '../compose/ownership.ts';
import { openProject } from '../compose/project.ts';
import { DockerMissingError, type RunDocker, type RunResult } from '../compose/run.ts';
import { UserError } from '../errors.ts';

/** What the images of the runtime start with. */
const ADMIN = ['node', '/opt/mcpgw/dist/runtime/main.js', 'admin'];

const answerSchema = z.object({ status: z.number(), body: z.unknown() });

/**
 * @param folder absolute
 * @returns a function that takes the words of `callAdmin`. No secret is among them: they are arguments of a process.
 */
export function composeAdmin(folder: string, run: RunDocker): (words: string[]) => Promise<AdminAnswer> {
  return async (words) => {
    const result = await exec(folder, run, words);
    if (result.code === 0) {
      const answer = answerSchema.safeParse(parsed(result.stdout));
      if (answer.success) return { status: answer.data.status, body: answer.data.body };
    }
    // Only now, because it takes three more calls of docker to find out.
    await requireDocker(run);
    throw new UserError(problemOf(result));
  };
}

async function exec(folder: string, run: RunDocker, words: string[]): Promise<RunResult> {
  const project = openProject(folder);
  await refuseForeign(run, project);
  try {
    return await run(execArgv(project, 'auth', [...ADMIN, ...words], { terminal: false }));
  } catch (error) {
    if (!(error instanceof DockerMissingError)) throw error;
    return { code: 1, stdout: '', stderr: error.message };
  }
}

function problemOf({ stderr }: RunResult): string {
  if (/is not running|no container found|No such container/i.test(stderr)) {
    return 'auth does not run. Start the stack with mcpgw up; mcpgw ps shows what runs.';
  }
  const [line = ''] = stderr.trim().split('\n').slice(-1);
  return `auth cannot be asked${line === '' ? '' : `: ${line}`}. mcpgw logs auth may say why; mcpgw up brings it up to date.`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
