/** Everything on disk that `up` needs: the generated files as `.env` says, and mcpgw's packed code. */
import { resolve } from 'node:path';
import { packRuntime } from '../compose/pack/pack.ts';
import { type ComposeProject, readProject } from '../compose/project.ts';
import { type Environment, openFolder, renderSource, requireEnv } from '../gateway-folder.ts';
import { ownerOf, refuseConflicts } from '../generate/run.ts';
import { packageRoot } from '../package-root.ts';
import { type Change, planChanges, routesLast } from '../plan.ts';
import { render, type Tree } from '../render.ts';
import { tlsMaterial, withTls } from '../tls/material.ts';
import { readTree, writeChanges } from '../write.ts';
import { refuseUnreadable } from './readable.ts';
import type { Config } from '../../runtime/config/load.ts';

export interface Prepared {
  project: ComposeProject;
  config: Config;
  tree: Tree;
  /** Files that were not as `.env` says, and are now; routes only when `writeRoutes` was called. */
  changes: Change[];
  /** Writes the routes that were held back. @returns whether there were any */
  writeRoutes: () => boolean;
  notes: string[];
  /** SHA-256 of mcpgw's packed code. */
  packed: string;
}

/** @throws ConfigError; UserError, among others when a generated file was edited by hand */
export function prepare(dir: string, environment: Environment): Prepared {
  const gateway = openFolder(resolve(dir));
  const source = renderSource(gateway, requireEnv(gateway), environment);
  refuseUnreadable(gateway.folder, ownerOf(source));
  const tls = tlsMaterial(gateway.folder, source.config);
  const tree = withTls(render(source), tls);
  const { changes, notes } = planChanges(tree, readTree(gateway.folder, tree));
  refuseConflicts(changes, false);
  const { first, last } = routesLast(changes);
  writeChanges(gateway.folder, first, ownerOf(source));
  return {
    project: readProject(gateway.folder, tree.get('compose.yaml') ?? ''),
    config: source.config,
    tree,
    changes,
    writeRoutes: () => {
      writeChanges(gateway.folder, last, ownerOf(source));
      return last.length > 0;
    },
    notes: [...notes, ...tls.notes],
    packed: packRuntime(gateway.folder, packageRoot()),
  };
}
