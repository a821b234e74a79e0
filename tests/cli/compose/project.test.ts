import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chosenServices, openProject, readProject } from '../../../cli/compose/project.ts';
import { GOLDEN_CASES } from '../support/cases.ts';
import { runInit, temporaryFolder } from '../support/run-init.ts';

async function generated() {
  const folder = temporaryFolder();
  await runInit({ ...GOLDEN_CASES['local-loopback'], dir: folder });
  return { folder, text: readFileSync(join(folder, 'compose.yaml'), 'utf8') };
}

describe('the project of a generated folder', () => {
  it('has its services with replicas, images and Dockerfiles', async () => {
    const { folder, text } = await generated();
    const project = readProject(folder, text);
    expect(project).toMatchObject({ name: 'mcpgw', folder, files: [join(folder, 'compose.yaml')] });
    expect(project.services.find(({ name }) => name === 'auth')).toEqual({
      ...{
        name: 'auth',
        replicas: 2,
        image: 'mcpgw-runtime:0.0.0-test',
        checked: true,
        dependsOn: ['redis'],
        networks: ['auth', 'outbound', 'store'],
      },
      dockerfile: 'docker/runtime.Dockerfile',
    });
    expect(project.services.find(({ name }) => name === 'memory')?.dockerfile).toBe(
      'docker/memory.Dockerfile',
    );
    expect(project.services.find(({ name }) => name === 'traefik')?.dockerfile).toBeUndefined();
  });

  it('takes an override file along, as Compose itself does', async () => {
    const { folder } = await generated();
    writeFileSync(join(folder, 'compose.override.yaml'), 'services: {}\n');
    expect(openProject(folder).files).toEqual([
      join(folder, 'compose.yaml'),
      join(folder, 'compose.override.yaml'),
    ]);
  });

  it('says what to do where there is none', async () => {
    const folder = temporaryFolder();
    expect(() => openProject(folder)).toThrow(/no compose\.yaml in .*mcpgw init/);
    writeFileSync(join(folder, 'compose.yaml'), ': not yaml: [');
    expect(() => openProject(folder)).toThrow(/mcpgw generate/);
  });

  it('refuses services that it does not have', async () => {
    const { folder, text } = await generated();
    const project = readProject(folder, text);
    expect(chosenServices(project, []).map(({ name }) => name)).toContain('traefik');
    expect(chosenServices(project, ['auth']).map(({ name }) => name)).toEqual(['auth']);
    expect(() => chosenServices(project, ['auth', 'nobody'])).toThrow(
      /no service nobody.*there are traefik, auth/,
    );
  });
});
