import { z } from 'zod';

/** What there is to say about a key of `.env`. */
export interface KeyMeta {
  /** Heading that the key stands under. */
  group: string;
  /** The question in a few words. */
  title: string;
  /** One or two sentences: the comment in `.env` and the reference. */
  description: string;
  example: string;
  /** Never printed, never an argument; `.env` is 0600 because of these. */
  secret?: boolean;
}

const metas = z.registry<KeyMeta>();

/** @returns a function that says of a type what there is to say about the key, under one heading */
export function keysOf(group: string) {
  return <T extends z.ZodType>(type: T, meta: Omit<KeyMeta, 'group'>): T => {
    metas.add(type, { group, ...meta });
    return type;
  };
}

/** @returns undefined for a type that no key has */
export function metaOf(type: z.ZodType): KeyMeta | undefined {
  return metas.get(type);
}
