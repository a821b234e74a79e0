/**
 * Whose the containers of a project are. Compose tells gateways apart by the project's name alone, so a second one of the
 * same name would replace and remove the first one's containers and data.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { foldersArgv, type Project } from './argv.ts';
import { DockerMissingError, type RunDocker, type RunResult } from './run.ts';

/** What two gateways never have in common. */
const IDENTITY = join('secrets', 'gateway_jwt_secret');

/** @throws UserError when the project's containers are those of a gateway in another folder */
export async function refuseForeign(run: RunDocker, project: Project, signal?: AbortSignal): Promise<void> {
  const folder = await foreignFolder(run, project, signal);
  if (folder === undefined) return;
  throw new UserError(`${foreignText(project.name, folder)}. ${foreignRemedy}.`);
}

export function foreignText(name: string, folder: string): string {
  return `the containers of the Compose project ${name} are of another gateway, in ${folder}`;
}

export const foreignRemedy = 'Give this one a name of its own: COMPOSE_PROJECT_NAME in .env';

/**
 * @returns the folder of the other gateway that the project's containers are of; undefined when they are ours, also from
 *   a folder that was since moved or copied, and when Docker cannot be asked
 */
export async function foreignFolder(
  run: RunDocker,
  project: Project,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { code, stdout } = await ask(run, project, signal);
  if (code !== 0) return undefined;
  const folders = new Set(stdout.split('\n').filter((line) => line !== ''));
  return [...folders].find((folder) => isOther(folder, project.folder));
}

/** Without docker on the PATH, what is to be done itself says so. */
async function ask(run: RunDocker, { name }: Project, signal?: AbortSignal): Promise<RunResult> {
  try {
    return await run(foldersArgv(name), { signal });
  } catch (error) {
    if (!(error instanceof DockerMissingError)) throw error;
    return { code: 1, stdout: '', stderr: error.message };
  }
}

function isOther(folder: string, own: string): boolean {
  if (!existsSync(join(folder, 'compose.yaml'))) return false;
  if (realpathSync(folder) === realpathSync(own)) return false;
  const theirs = identityOf(folder);
  return theirs === undefined || theirs !== identityOf(own);
}

/** @returns undefined where it cannot be read */
function identityOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, IDENTITY), 'utf8');
  } catch {
    return undefined;
  }
}
