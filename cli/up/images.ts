/**
 * Which images have to be built. Compose builds only what is not there, and a build from the cache takes seconds for
 * each of ten images; so what every image was made from is written down beside mcpgw's packed code.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ComposeService } from '../compose/project.ts';

/** Below the gateway's folder. */
export const BUILT = 'docker/runtime/built.json';

/** By image: the digest of what it was built from, and the id that it got. */
export type Built = Record<string, { inputs: string; id: string }>;

const builtSchema = z.record(z.string(), z.object({ inputs: z.string(), id: z.string() }));

export interface ImageInputs {
  services: ComposeService[];
  /** Text of the Dockerfiles by path. */
  dockerfiles: Map<string, string>;
  /** SHA-256 of mcpgw's packed code. */
  packed: string;
}

export interface Buildable {
  service: string;
  image: string;
  inputs: string;
  /** Mentions another image of the stack, which must be there first. */
  needs: string | undefined;
}

/** The images that the stack builds, each once, whatever number of services run from it. */
export function buildables({ services, dockerfiles, packed }: ImageInputs): Buildable[] {
  const own = services.filter(({ dockerfile }) => dockerfile !== undefined);
  const digest = (...parts: string[]) => createHash('sha256').update(parts.join('\0')).digest('hex');
  const bottom = own.find(({ dockerfile }) => dockerfile === 'docker/runtime.Dockerfile');
  return own.map(({ name, image, dockerfile = '' }) => {
    const text = dockerfiles.get(dockerfile) ?? '';
    const onRuntime = bottom !== undefined && image !== bottom.image && text.includes(bottom.image);
    const usesPackage = onRuntime || image === bottom?.image;
    const below = onRuntime ? (dockerfiles.get('docker/runtime.Dockerfile') ?? '') : '';
    const inputs = digest(text, below, usesPackage ? packed : '');
    return { service: name, image, inputs, needs: onRuntime ? bottom.image : undefined };
  });
}

/**
 * @param present ids of the images that are there, by tag
 * @returns what is not there, or was built from something else
 */
export function outdated(all: Buildable[], built: Built, present: Map<string, string>): Buildable[] {
  return all.filter(({ image, inputs }) => {
    const record = built[image];
    return record === undefined || record.inputs !== inputs || present.get(image) !== record.id;
  });
}

/** @returns what to build in turn: an image comes behind the one that it is built on */
export function stages(images: Buildable[]): Buildable[][] {
  const first = images.filter(({ needs }) => needs === undefined);
  const second = images.filter(({ needs }) => needs !== undefined);
  return [first, second].filter((stage) => stage.length > 0);
}

/** @param stdout of `image inspect`, an object a line */
export function parseImages(stdout: string): Map<string, string> {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return new Map(
    lines.flatMap((line) => {
      const { id, tags } = JSON.parse(line) as { id: string; tags: string[] | null };
      return (tags ?? []).map((tag) => [tag, id] as const);
    }),
  );
}

/** A record that cannot be read counts as none: then everything is built, from the cache. */
export function parseBuilt(text: string | undefined): Built {
  try {
    const found = builtSchema.safeParse(JSON.parse(text ?? '{}'));
    return found.success ? found.data : {};
  } catch {
    return {};
  }
}
