/** Files that Traefik's TLS needs beside its configuration: made here, or copied from where the person has them. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError, type Fault } from '../../runtime/config/faults.ts';
import { type Config, topologyOf } from '../../runtime/config/load.ts';
import { hostsOf } from '../../runtime/config/topology.ts';
import { UserError } from '../errors.ts';
import type { Tree } from '../render.ts';
import { localFiles } from './local-authority.ts';
import { checkOwnCertificate } from './own-certificate.ts';
import { ACME_AUTHORITY, AUTHORITY_CERTIFICATE, AUTHORITY_KEY, SERVED } from './paths.ts';
import { certificateBlocks, readCertificate } from './pem.ts';

export interface TlsMaterial {
  /** Text by path below the gateway's folder. */
  files: Map<string, string>;
  /** Things to tell the person. */
  notes: string[];
}

/**
 * Writes nothing. What is in the folder and still serves comes back as it is.
 * @param folder absolute
 * @throws ConfigError with every fault of the files that `.env` names; UserError when one of ours cannot be read
 */
export function tlsMaterial(folder: string, config: Config, nowMs: number = Date.now()): TlsMaterial {
  switch (config.values.TLS_MODE) {
    case 'internal':
      return internalMaterial(folder, config, nowMs);
    case 'files':
      return filesMaterial(folder, config, nowMs);
    case 'acme':
      return acmeMaterial(folder, config);
    case 'off':
      return { files: new Map(), notes: [] };
  }
}

/** @returns the rendered tree with the files of TLS in it */
export function withTls(tree: Tree, { files }: TlsMaterial): Tree {
  return new Map([...tree, ...files]);
}

function internalMaterial(folder: string, config: Config, nowMs: number): TlsMaterial {
  const at = (path: string) => readIfThere(join(folder, path));
  const present = {
    authorityCertificate: at(AUTHORITY_CERTIFICATE),
    authorityKey: at(AUTHORITY_KEY),
    served: at(SERVED),
  };
  const domain = config.values.BASE_DOMAIN;
  const made = localFiles(present, domain, hostsOf(topologyOf(config)), nowMs);
  return {
    files: new Map([
      [AUTHORITY_CERTIFICATE, made.authorityCertificate],
      [AUTHORITY_KEY, made.authorityKey],
      [SERVED, made.served],
    ]),
    notes: made.replacedAuthority
      ? [
          `the local authority in ${AUTHORITY_CERTIFICATE} is a new one, for ${domain}: it has to be trusted again (mcpgw trust)`,
        ]
      : [],
  };
}

function filesMaterial(folder: string, { values, ...config }: Config, nowMs: number): TlsMaterial {
  const faults: Fault[] = [];
  const certificate = readNamed(folder, 'TLS_CERT_FILE', values.TLS_CERT_FILE, faults);
  const key = readNamed(folder, 'TLS_KEY_FILE', values.TLS_KEY_FILE, faults);
  if (certificate === undefined || key === undefined) throw new ConfigError(faults);
  const hosts = hostsOf(topologyOf({ ...config, values }));
  const checked = checkOwnCertificate(certificate, key, hosts, nowMs);
  if (checked.faults.length > 0) throw new ConfigError(checked.faults);
  return { files: new Map([[SERVED, checked.served]]), notes: checked.notes };
}

function acmeMaterial(folder: string, { values }: Config): TlsMaterial {
  if (values.ACME_CA_CERT_FILE === undefined) return { files: new Map(), notes: [] };
  const faults: Fault[] = [];
  const text = readNamed(folder, 'ACME_CA_CERT_FILE', values.ACME_CA_CERT_FILE, faults) ?? '';
  const blocks = certificateBlocks(text);
  if (
    faults.length === 0 &&
    (blocks.length === 0 || blocks.some((block) => readCertificate(block) === undefined))
  )
    faults.push({ key: 'ACME_CA_CERT_FILE', problem: 'is not a PEM file of certificates' });
  if (faults.length > 0) throw new ConfigError(faults);
  return { files: new Map([[ACME_AUTHORITY, blocks.map((block) => `${block}\n`).join('')]]), notes: [] };
}

/** A path in `.env` starts from where `.env` is. */
function readNamed(
  folder: string,
  key: string,
  path: string | undefined,
  faults: Fault[],
): string | undefined {
  try {
    return readFileSync(resolve(folder, path ?? ''), 'utf8');
  } catch (error) {
    faults.push({ key, problem: `cannot be read: ${(error as Error).message}` });
    return undefined;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${path}: ${(error as Error).message}`);
  }
}
