/** The gateway that a folder has: one that `mcpgw dev` runs there, or the Compose stack. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { issuer, resourceUrl } from '../../runtime/config/topology.ts';
import { topologyOf } from '../../runtime/config/load.ts';
import { type AdminAnswer, openEmbedded, type RunningGateway } from '../../runtime/embedded/admin.ts';
import { runDocker, type RunDocker } from '../compose/run.ts';
import { UserError } from '../errors.ts';
import { type Environment, openFolder, renderSource, requireEnv } from '../gateway-folder.ts';
import { ownAuthorities } from './authorities.ts';
import { composeAdmin } from './compose-admin.ts';

export interface GatewayService {
  name: string;
  /** The MCP URL, which is also the resource (RFC 8707). */
  url: string;
  /** Why it is not served, where that is known. */
  failed?: string;
}

export interface Gateway {
  kind: 'dev' | 'compose';
  issuer: string;
  /** Sorted by name. */
  services: GatewayService[];
  /** What health checks speak. */
  protocolVersion: string;
  store: 'SQLite' | 'Redis';
  /** How it is started. */
  up: string;
  /** Where to read what parts of it say, by their names in the stack. */
  logs: (...names: string[]) => string;
  /** PEM of authorities that its certificates come from, beside those that this machine trusts. */
  authorities: string[];
  /**
   * Asks the admin API, in the words of `callAdmin`.
   * @throws UserError when it cannot be reached, with what to do
   */
  admin(words: string[]): Promise<AdminAnswer>;
}

/**
 * One that runs goes before one that is only described.
 * @param dir as given by `--dir`
 * @throws UserError when there is none; ConfigError
 */
export async function findGateway(
  dir: string,
  environment: Environment,
  run: RunDocker = runDocker,
): Promise<Gateway> {
  const folder = resolve(dir);
  const running = await openEmbedded(join(folder, '.mcpgw'));
  if (running !== undefined) return devGateway(running);
  if (existsSync(join(folder, 'compose.yaml'))) return composeGateway(folder, environment, run);
  throw new UserError(
    `no gateway runs in ${folder}. Start one with mcpgw dev, or make one with mcpgw init and mcpgw up; or name another folder with --dir.`,
  );
}

function devGateway(running: RunningGateway): Gateway {
  return {
    kind: 'dev',
    issuer: running.issuer,
    services: Object.entries(running.services).map(([name, url]) => {
      const failed = running.failed[name];
      return { name, url, ...(failed !== undefined && { failed }) };
    }),
    protocolVersion: running.protocolVersion,
    store: 'SQLite',
    up: 'mcpgw dev',
    logs: () => 'what mcpgw dev prints',
    authorities: [],
    admin: async (words) => {
      try {
        return await running.admin(words);
      } catch {
        throw new UserError('mcpgw dev does not answer any more. Start it again.');
      }
    },
  };
}

function composeGateway(folder: string, environment: Environment, run: RunDocker): Gateway {
  const gateway = openFolder(folder);
  const { config } = renderSource(gateway, requireEnv(gateway), environment);
  const topology = topologyOf(config);
  return {
    kind: 'compose',
    issuer: issuer(topology),
    services: topology.services.map((name) => ({ name, url: resourceUrl(topology, name) })),
    protocolVersion: config.values.MCP_PROTOCOL_VERSION,
    store: 'Redis',
    up: 'mcpgw up',
    logs: (...names) => `mcpgw logs ${names.join(' ')}`,
    authorities: ownAuthorities(folder, config.values),
    admin: composeAdmin(folder, run),
  };
}
