import { cpSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { foreignFolder, refuseForeign } from '../../../cli/compose/ownership.ts';
import { openProject } from '../../../cli/compose/project.ts';
import { DockerMissingError, type RunDocker } from '../../../cli/compose/run.ts';
import { GOLDEN_CASES } from '../support/cases.ts';
import { runInit, temporaryFolder } from '../support/run-init.ts';

async function gateway(secret = 'ours') {
  const folder = join(temporaryFolder(), 'gateway');
  await runInit({ ...GOLDEN_CASES['local-loopback'], dir: folder });
  writeFileSync(join(folder, 'secrets', 'gateway_jwt_secret'), secret);
  return folder;
}

/** Docker, which has containers of the project from these folders. */
const docker =
  (...folders: string[]): RunDocker =>
  (argv) => {
    expect(argv).toContain('label=com.docker.compose.project=mcpgw');
    return Promise.resolve({ code: 0, stdout: folders.map((folder) => `${folder}\n`).join(''), stderr: '' });
  };

describe('a project of the same name', () => {
  it('in another folder is another gateway: nothing is done to it, and the person hears what to do', async () => {
    const other = await gateway('theirs');
    const project = openProject(await gateway());
    await expect(refuseForeign(docker(project.folder, other), project)).rejects.toThrow(
      new RegExp(`the Compose project mcpgw are of another gateway, in ${other}.*COMPOSE_PROJECT_NAME`),
    );
  });

  it('is another one, too, where its secret cannot be read', async () => {
    const other = await gateway('theirs');
    rmSync(join(other, 'secrets'), { recursive: true });
    expect(await foreignFolder(docker(other), openProject(await gateway()))).toBe(other);
  });

  it('is ours in our folder, by whatever way it was reached', async () => {
    const folder = await gateway();
    const link = join(temporaryFolder(), 'link');
    symlinkSync(folder, link);
    expect(await foreignFolder(docker(), openProject(folder))).toBeUndefined();
    expect(await foreignFolder(docker(folder, folder), openProject(link))).toBeUndefined();
  });

  it('is ours when the folder was moved, or copied with its secrets', async () => {
    const former = await gateway();
    const copy = `${former}-copy`;
    cpSync(former, copy, { recursive: true });
    expect(await foreignFolder(docker(former), openProject(copy))).toBeUndefined();
    const moved = `${former}-moved`;
    renameSync(former, moved);
    writeFileSync(join(moved, 'secrets', 'gateway_jwt_secret'), 'new');
    expect(await foreignFolder(docker(former), openProject(moved))).toBeUndefined();
  });

  it('is left to what follows where Docker cannot be asked', async () => {
    const project = openProject(await gateway());
    const failing: RunDocker = () => Promise.resolve({ code: 1, stdout: '/x\n', stderr: 'down' });
    const missing: RunDocker = () => Promise.reject(new DockerMissingError('no docker'));
    expect(await foreignFolder(failing, project)).toBeUndefined();
    expect(await foreignFolder(missing, project)).toBeUndefined();
  });
});
