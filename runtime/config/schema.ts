/**
 * Every key of `.env`, once: its validation, default, prompt, the comment in the generated file and the line in the
 * reference page all come from this schema. Rules between keys are in `rules.ts`.
 */
import { z } from 'zod';
import { boolean } from './fields.ts';
import { type KeyMeta, metaOf } from './key-meta.ts';
import { documentsKeys } from './keys/documents.ts';
import { fetchsKeys } from './keys/fetchs.ts';
import { gatewayKeys } from './keys/gateway.ts';
import { imagesKeys } from './keys/images.ts';
import { lifetimesKeys } from './keys/lifetimes.ts';
import { mcpKeys } from './keys/mcp.ts';
import { secretsKeys } from './keys/secrets.ts';
import { signInKeys } from './keys/sign-in.ts';
import { storeKeys } from './keys/store.ts';
import { tlsKeys } from './keys/tls.ts';

export type { KeyMeta } from './key-meta.ts';

/** In the order in which they stand in `.env`. */
export const configSchema = z.object({
  ...gatewayKeys,
  ...tlsKeys,
  ...signInKeys,
  ...secretsKeys,
  ...storeKeys,
  ...lifetimesKeys,
  ...mcpKeys,
  ...fetchsKeys,
  ...documentsKeys,
  ...imagesKeys,
});

/** The values of every key but `MCP_<SERVICE>_ENABLED`, typed. */
export type ConfigValues = z.output<typeof configSchema>;
export type ConfigKey = keyof ConfigValues;

/** The keys in the order in which they stand in `.env`. */
export const CONFIG_KEYS = Object.keys(configSchema.shape) as ConfigKey[];

/** @returns what there is to say about a key */
export function keyMeta(name: ConfigKey): KeyMeta {
  const meta = metaOf(configSchema.shape[name]);
  if (meta === undefined) throw new Error(`key ${name} has no description`);
  return meta;
}

/** @returns the default as it would be written in `.env`; undefined when the key has none */
export function keyDefault(name: ConfigKey): string | undefined {
  const type = configSchema.shape[name] as z.ZodType;
  if (!(type instanceof z.ZodDefault)) return undefined;
  const value = type.def.defaultValue as string | number | boolean | string[];
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** @returns the choices of a key that has a fixed set of values */
export function keyChoices(name: ConfigKey): string[] | undefined {
  const type = configSchema.shape[name] as z.ZodType;
  const inner = type instanceof z.ZodDefault ? (type.def.innerType as z.ZodType) : type;
  return inner instanceof z.ZodEnum ? inner.options.map(String) : undefined;
}

/** `echo-stateful` → `MCP_ECHO_STATEFUL_ENABLED` */
export function enabledKey(service: string): string {
  return `MCP_${service.toUpperCase().replaceAll('-', '_')}_ENABLED`;
}

/** The type of `MCP_<SERVICE>_ENABLED`. */
export const enabledSchema = boolean();
