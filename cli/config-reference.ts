/** The configuration reference of the README, from the schema and the catalog. */
import type { Catalog } from '../runtime/config/catalog.ts';
import { CONFIG_KEYS, enabledKey, keyChoices, keyDefault, keyMeta } from '../runtime/config/schema.ts';

/** Of every service, each a key of its own: few gateways have one. */
const SERVICE_KEYS = [
  [
    '`MCP_<SERVICE>_PROCESS`',
    "the catalog's",
    "How many processes its stdio server has: `session` (one for each session, and a few for each user's requests of 2026-07-28), `user` (one for each user, whatever the protocol version; it is told that its client can sample and elicit, and asks whose call is under way: while there are calls of several clients, nobody) or `shared` (one for all; only for a server that keeps nothing of its callers and never asks them, and what it logs reaches none of them). Of what a client says of itself and of its extensions, only a server in `session` learns.",
  ],
  ['`MCP_<SERVICE>_SPARE_CHILDREN`', '`MCP_SPARE_CHILDREN`', 'Spare processes of this service alone.'],
  [
    '`MCP_<SERVICE>_ALLOWED_USERS`',
    'e.g. `octocat,github:583231`',
    'Who, of those who may sign in, may use this service: GitHub logins or verified addresses in any case, or ids as PROVIDER:SUBJECT, separated by commas. * alone: everybody.',
  ],
  [
    '`MCP_<SERVICE>_ALLOWED_GROUPS`',
    'e.g. `github:my-company/platform`',
    'Whose members may, too. Neither key set: everybody who may sign in. Set, but empty: nobody.',
  ],
];

/** Where the reference stands in the README. */
export const REFERENCE_MARKS = { begin: '<!-- config:begin -->', end: '<!-- config:end -->' };

/** @returns Markdown: a table for each group of keys, and one of the services */
export function configReference(catalog: Catalog): string {
  const groups = new Map<string, string[][]>();
  for (const key of CONFIG_KEYS) {
    const { group, description, secret, example } = keyMeta(key);
    const fallback = keyDefault(key);
    const choices = keyChoices(key);
    const text = [
      description,
      ...(choices === undefined ? [] : [`One of ${choices.map(code).join(', ')}.`]),
      ...(secret === true ? ['*Secret.*'] : []),
    ].join(' ');
    const shown = fallback ? code(fallback) : example.startsWith('(') ? '' : `e.g. ${code(example)}`;
    groups.set(group, [...(groups.get(group) ?? []), [code(key), shown, text]]);
  }
  const services = [...catalog.services.values()].map((service) => [
    code(enabledKey(service.name)),
    code(String(service.default && !service.planned)),
    service.description + (service.planned ? ' Planned: not part of this release.' : ''),
  ]);
  groups.set('Services', [...services, ...SERVICE_KEYS]);
  return [...groups]
    .map(([name, rows]) => `### ${name}\n\n${markdownTable(['Key', 'Default', 'Meaning'], rows)}`)
    .join('\n\n');
}

/**
 * Puts the reference between its marks.
 * @throws Error when the marks are missing
 */
export function withReference(readme: string, reference: string): string {
  const { begin, end } = REFERENCE_MARKS;
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`README.md has no ${begin} … ${end}`);
  return `${readme.slice(0, from + begin.length)}\n\n${reference}\n\n${readme.slice(to)}`;
}

function markdownTable(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
