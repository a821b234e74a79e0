/** From answers to everything that would be on disk. Writes nothing. */
import { join } from 'node:path';
import { parseEnvFile, UnwritableValueError } from '../../runtime/config/env-file.ts';
import { topologyOf } from '../../runtime/config/load.ts';
import { type ConfigKey, keyMeta } from '../../runtime/config/schema.ts';
import type { Topology } from '../../runtime/config/topology.ts';
import { completeTexts, newEnvText, updatedEnvText } from '../env-text.ts';
import { EXIT, UserError } from '../errors.ts';
import { type GatewayFolder, renderSource } from '../gateway-folder.ts';
import { packageRoot } from '../package-root.ts';
import { type Change, planChanges } from '../plan.ts';
import { render, type RenderSource } from '../render.ts';
import { loadTemplates } from '../templates.ts';
import { tlsMaterial, withTls } from '../tls/material.ts';
import { readTree } from '../write.ts';
import type { Answers } from './answers.ts';
import { withVariables } from './dns-variables.ts';
import { isConfigKey } from './flags.ts';

export interface InitPlan {
  source: RenderSource;
  topology: Topology;
  /** `.env` and every generated file. */
  changes: Change[];
  /** Keys of `.env` that change. */
  keys: KeyChange[];
  notes: string[];
}

/** A key of a `.env` that is there already; secrets are redacted. */
export interface KeyChange {
  key: string;
  before: string;
  after: string;
}

const REDACTED = '[REDACTED]';

/** @throws ConfigError with every fault, UserError for a value that `.env` cannot hold */
export function planInit(gateway: GatewayFolder, answers: Answers): InitPlan {
  const after = envAfter(gateway, answers);
  // All places that have values are in the answers already, and a flag goes before the environment.
  const source = renderSource(gateway, after, {});
  const tls = tlsMaterial(gateway.folder, source.config);
  const tree = withTls(render(source), tls);
  const { changes, notes } = planChanges(tree, readTree(gateway.folder, tree));
  return {
    source,
    topology: topologyOf(source.config),
    changes: [...envChange(gateway.envText, after), ...changes],
    keys: gateway.envText === undefined ? [] : keyChanges(gateway.envText, after),
    notes: [...notes, ...tls.notes],
  };
}

function envAfter({ envText, catalog }: GatewayFolder, { texts }: Answers): string {
  try {
    const text =
      envText === undefined
        ? newEnvText(loadTemplates(join(packageRoot(), 'templates')), texts, catalog)
        : updatedEnvText(envText, texts, catalog);
    return withVariables(text, texts);
  } catch (error) {
    if (error instanceof UnwritableValueError) throw new UserError(error.message, EXIT.usage);
    throw error;
  }
}

function envChange(before: string | undefined, after: string): Change[] {
  if (before === undefined) return [{ path: '.env', action: 'create', after }];
  return before === after ? [] : [{ path: '.env', action: 'change', before, after }];
}

function keyChanges(before: string, after: string): KeyChange[] {
  const old = parseEnvFile(before);
  return Object.entries(parseEnvFile(after)).flatMap(([key, value]) => {
    const from = old[key];
    if (from === value || (from === undefined && value === '')) return [];
    const hide = (text: string) => (text !== '' && isSecret(key) ? REDACTED : text);
    return [{ key, before: hide(from ?? ''), after: hide(value) }];
  });
}

/** What is not one of our plain keys may be anything, so it is not shown either. */
function isSecret(key: string): boolean {
  if (isConfigKey(key)) return keyMeta(key).secret === true;
  return !/^MCP_.*_ENABLED$/.test(key);
}

/** The topology before every answer is in: what the callback URL follows from. */
export function draftTopology(gateway: GatewayFolder, { texts }: Answers): Topology {
  const { ROUTING_MODE, BASE_DOMAIN, HTTPS_PORT } = completeTexts(texts, gateway.catalog) as Record<
    ConfigKey,
    string
  >;
  const port = Number(HTTPS_PORT);
  return {
    mode: ROUTING_MODE === 'path' ? 'path' : 'subdomain',
    scheme: 'https',
    domain: BASE_DOMAIN.trim().toLowerCase(),
    ...(port === 443 ? {} : { port }),
    services: [],
  };
}
