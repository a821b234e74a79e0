/** The wrappers that we are compared with, and the server that all of them wrap: pinned, and no dependency of ours. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const VERSIONS = {
  '@modelcontextprotocol/server-everything': '2026.8.31',
  supergateway: '4.0.0',
  'mcp-proxy': '6.7.19',
};

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/bench-wrappers/', import.meta.url));

export interface Packages {
  everything: string;
  supergateway: string;
  mcpProxy: string;
}

/**
 * @param install whether npm may fetch what is missing (100 MB)
 * @returns the scripts to run, or undefined where they are not there and may not be fetched
 */
export function findPackages(install: boolean): Packages | undefined {
  const packages = {
    everything: join(CACHE, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js'),
    supergateway: join(CACHE, 'node_modules/supergateway/dist/index.js'),
    mcpProxy: join(CACHE, 'node_modules/mcp-proxy/dist/bin/mcp-proxy.mjs'),
  };
  const complete = (): boolean => Object.values(packages).every((path) => existsSync(path));
  if (complete()) return packages;
  if (!install) return undefined;
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(join(CACHE, 'package.json'), JSON.stringify({ private: true, dependencies: VERSIONS }));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
    cwd: CACHE,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return complete() ? packages : undefined;
}
