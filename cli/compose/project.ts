/** The Compose project of a folder, from what is on disk: it can be stopped and read also when `.env` is broken. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { EXIT, UserError } from '../errors.ts';
import type { Project } from './argv.ts';

export interface ComposeService {
  name: string;
  /** Containers that should run. */
  replicas: number;
  image: string;
  /** It has a health check, so that to run is not enough. */
  checked: boolean;
  /** Services that it waits for. */
  dependsOn: string[];
  /** Keys of the networks that it is in. */
  networks: string[];
  /** Path of its Dockerfile below the folder; undefined: the image is not built here. */
  dockerfile: string | undefined;
}

export interface ComposeProject extends Project {
  /** In the file's order. */
  services: ComposeService[];
  /** Subnet by network, of those that have one. */
  networks: Map<string, string>;
}

const fileSchema = z.looseObject({
  name: z.string(),
  services: z.record(
    z.string(),
    z.looseObject({
      image: z.string().default(''),
      healthcheck: z.unknown(),
      depends_on: z.record(z.string(), z.unknown()).default({}),
      build: z.looseObject({ context: z.string(), dockerfile: z.string() }).optional(),
      networks: z.array(z.string()).default([]),
      deploy: z.looseObject({ replicas: z.number().optional() }).optional(),
    }),
  ),
  networks: z.record(z.string(), z.unknown()).default({}),
});

const networkSchema = z.looseObject({
  ipam: z.looseObject({ config: z.tuple([z.looseObject({ subnet: z.string() })]) }),
});

/** @throws UserError when there is no `compose.yaml`, or it is not one of ours */
export function openProject(dir: string): ComposeProject {
  const folder = resolve(dir);
  const path = join(folder, 'compose.yaml');
  if (!existsSync(path)) {
    throw new UserError(
      `there is no compose.yaml in ${folder}. Run mcpgw init there first, or name another folder with --dir.`,
    );
  }
  return readProject(folder, readFileSync(path, 'utf8'));
}

/**
 * @param folder absolute
 * @param text of `compose.yaml`
 */
export function readProject(folder: string, text: string): ComposeProject {
  const found = fileSchema.safeParse(parsed(text));
  if (!found.success) {
    throw new UserError(`${join(folder, 'compose.yaml')} is not as mcpgw makes it. Run mcpgw generate.`);
  }
  const { name, services, networks } = found.data;
  // As Compose itself would, when it is run in the folder by hand.
  const override = join(folder, 'compose.override.yaml');
  return {
    folder,
    name,
    files: [join(folder, 'compose.yaml'), ...(existsSync(override) ? [override] : [])],
    services: Object.entries(services).map(
      ([service, { image, build, deploy, depends_on, healthcheck, networks: own }]) => ({
        name: service,
        replicas: deploy?.replicas ?? 1,
        image,
        checked: healthcheck !== undefined,
        dependsOn: Object.keys(depends_on),
        networks: own,
        dockerfile:
          build === undefined ? undefined : join(build.context, build.dockerfile).replaceAll('\\', '/'),
      }),
    ),
    networks: new Map(
      Object.entries(networks).flatMap(([network, entry]) => {
        const subnet = networkSchema.safeParse(entry).data?.ipam.config[0].subnet;
        return subnet === undefined ? [] : [[network, subnet] as const];
      }),
    ),
  };
}

function parsed(text: string): unknown {
  try {
    // The aliases of the hardening are merged into each service.
    return parse(text, { merge: true });
  } catch {
    return undefined;
  }
}

/**
 * @param names as given; none means all
 * @throws UserError for a name that the project does not have
 */
export function chosenServices({ services }: ComposeProject, names: string[]): ComposeService[] {
  const unknown = names.filter((name) => !services.some((service) => service.name === name));
  if (unknown.length > 0) {
    const known = services.map(({ name }) => name).join(', ');
    throw new UserError(
      `there is no service ${unknown.join(', ')} in this stack; there are ${known}`,
      EXIT.usage,
    );
  }
  return names.length === 0 ? services : services.filter(({ name }) => names.includes(name));
}
