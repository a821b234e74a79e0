/** Stdio servers that are part of this package: a catalog entry has their name as its command. */
import { fileURLToPath } from 'node:url';
import type { Launch } from './launch.ts';

/** What `main.js stdio` calls them, by command. */
const OWN = new Map([['mcpgw-tmux', 'tmux']]);

/** @returns what starts it, from the sources as well as from the compiled files; undefined for another's command */
export function ownServer(command: string | undefined): Launch | undefined {
  const name = OWN.get(command ?? '');
  if (name === undefined) return undefined;
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`../main.${extension}`, import.meta.url));
  return { file: process.execPath, args: [main, 'stdio', name] };
}
