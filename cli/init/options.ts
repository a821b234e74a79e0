/** The options of `mcpgw init`, made from the schema. */
import type { Command } from 'commander';
import { keyChoices, keyDefault, keyMeta } from '../../runtime/config/schema.ts';
import { FLAGGED, flagName } from './flags.ts';
import { SECRET_FLAGS } from './secret-flags.ts';

export interface InitFlags {
  dir: string;
  yes?: boolean;
  dryRun?: boolean;
  force?: boolean;
  services?: string;
  set?: string[];
  json?: boolean;
  quiet?: boolean;
  /** The flags of single keys, by commander's name for them. */
  [flag: string]: unknown;
}

export function addInitOptions(command: Command): void {
  command
    .option('--dir <folder>', 'folder of the gateway', '.')
    .option('-y, --yes', 'ask nothing: take flags, present values and defaults')
    .option('--dry-run', 'show what would be written, and write nothing')
    .option('--force', 'replace generated files that were edited by hand');
  for (const key of FLAGGED) command.option(`--${flagName(key)} <value>`, describe(key));
  for (const { name, title } of SECRET_FLAGS) {
    command
      .option(`--${name}-file <path>`, `file that holds ${title}`)
      .option(`--${name}-stdin`, `read ${title} from standard input`);
  }
  command
    .option('--services <names>', 'services to enable, separated by commas, or "all" or "default"')
    .option('--set <KEY=VALUE>', 'any other key of .env that is no secret; may be repeated', collect)
    .addHelpText(
      'after',
      '\nSecrets are never arguments: they come from a question, a file, standard input\n' +
        'or the environment.\n' +
        '\nExample:\n' +
        '  mcpgw init --yes --domain mcp.example.com --acme-email you@example.com \\\n' +
        '    --github-client-id Ov23li… --github-client-secret-file ./secret \\\n' +
        '    --allowed-users octocat\n',
    );
}

function describe(key: (typeof FLAGGED)[number]): string {
  const choices = keyChoices(key);
  const fallback = keyDefault(key);
  const { title } = keyMeta(key);
  const facts = [
    ...(choices === undefined ? [] : [choices.join(', ')]),
    ...(fallback ? [`default ${fallback}`] : []),
  ];
  // As part of a sentence, but for names and abbreviations.
  const text = /^(?:[A-Z]{2}|GitHub|OpenID|Let's)/.test(title)
    ? title
    : title.slice(0, 1).toLowerCase() + title.slice(1);
  return facts.length === 0 ? text : `${text} (${facts.join('; ')})`;
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
