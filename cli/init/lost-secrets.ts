/**
 * A gateway whose `.env` is not here any more, but whose data Docker still has: a new root secret could not read its keys,
 * and would sign everyone out.
 */
import { leftOverArgv } from '../compose/argv.ts';
import { runDocker } from '../compose/run.ts';
import { UserError } from '../errors.ts';

/** @returns names of the volumes that Docker has of a Compose project; none where Docker cannot be asked */
export type ListVolumes = (project: string) => Promise<string[]>;

/** `init` needs no Docker, so it does not wait for one that does not answer. */
const PATIENCE_MS = 3_000;

export const dockerVolumes: ListVolumes = async (project) => {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const { code, stdout } = await runDocker(leftOverArgv('volume', project), { signal });
    return code === 0 ? stdout.split('\n').filter((name) => name !== '') : [];
  } catch {
    return [];
  }
};

/**
 * To be called where a root secret is about to be made.
 * @throws UserError when the project has data already
 */
export async function refuseLostSecrets(
  project: string,
  folder: string,
  listVolumes: ListVolumes,
): Promise<void> {
  const volumes = await listVolumes(project);
  if (volumes.length === 0) return;
  throw new UserError(
    `Docker has data of a gateway named ${project} (${volumes.join(', ')}), and its secrets are not in ${folder}: ` +
      'a new GATEWAY_JWT_SECRET could not read that data and would sign everyone out. Nothing was written. One of these helps:\n' +
      `  put the .env of that gateway back into ${folder}\n` +
      '  give its GATEWAY_JWT_SECRET or GATEWAY_JWT_SECRET_FILE in the environment\n' +
      '  choose another name for this gateway: --set COMPOSE_PROJECT_NAME=…\n' +
      `  if nobody needs that data: docker volume rm ${volumes.join(' ')}`,
  );
}
