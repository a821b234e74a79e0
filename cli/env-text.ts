/** The text of `.env`: every key of the schema, grouped, with its description; and the update of an existing one. */
import type { Catalog } from '../runtime/config/catalog.ts';
import { envLine, updateEnvFile } from '../runtime/config/env-file.ts';
import { CONFIG_KEYS, enabledKey, keyChoices, keyDefault, keyMeta } from '../runtime/config/schema.ts';
import { fill, type Templates } from './templates.ts';

const WIDTH = 100;
const SERVICES = 'Services';

interface KeyView {
  key: string;
  comment: string[];
  line: string;
}

interface GroupView {
  name: string;
  /** Fills the heading's line. */
  rule: string;
  keys: KeyView[];
}

/**
 * @param texts values by key, as written; a key without one gets its default
 * @throws UnwritableValueError
 */
export function newEnvText(templates: Templates, texts: Record<string, string>, catalog: Catalog): string {
  return fill(templates, 'env.hbs', { groups: groupViews(completeTexts(texts, catalog), catalog) });
}

/**
 * Puts the values into the user's own text, which keeps every line that is not one of them; keys that it does not have
 * yet come at its end.
 * @throws UnwritableValueError
 */
export function updatedEnvText(text: string, texts: Record<string, string>, catalog: Catalog): string {
  const complete = completeTexts(texts, catalog);
  const { text: updated, missing } = updateEnvFile(text, complete);
  if (missing.length === 0) return updated;
  const views = groupViews(complete, catalog).flatMap(({ keys }) =>
    keys.filter(({ key }) => missing.includes(key)),
  );
  const blocks = views.map(
    ({ comment, line }) => `\n${comment.map((part) => `# ${part}\n`).join('')}${line}\n`,
  );
  return (updated === '' || updated.endsWith('\n') ? updated : `${updated}\n`) + blocks.join('');
}

/** Every key that stands in `.env`, with a value or empty. */
export function completeTexts(texts: Record<string, string>, catalog: Catalog): Record<string, string> {
  const plain = CONFIG_KEYS.map((key) => [key, texts[key] ?? keyDefault(key) ?? ''] as const);
  const services = [...catalog.services.values()].map((service) => {
    const key = enabledKey(service.name);
    return [key, texts[key] ?? String(service.default && !service.planned)] as const;
  });
  return Object.fromEntries([...plain, ...services]);
}

function groupViews(texts: Record<string, string>, catalog: Catalog): GroupView[] {
  const groups = new Map<string, KeyView[]>();
  for (const key of CONFIG_KEYS) {
    const { group } = keyMeta(key);
    groups.set(group, [
      ...(groups.get(group) ?? []),
      { key, comment: commentOf(key), line: envLine(key, texts[key] ?? '') },
    ]);
  }
  const services = [...catalog.services.values()].map((service) => ({
    key: enabledKey(service.name),
    comment: wrap(`${service.description}${service.planned ? ' Planned: not part of this release.' : ''}`),
    line: envLine(enabledKey(service.name), texts[enabledKey(service.name)] ?? ''),
  }));
  groups.set(SERVICES, services);
  return [...groups].map(([name, keys]) => ({ name, rule: '-'.repeat(WIDTH - name.length - 8), keys }));
}

function commentOf(key: (typeof CONFIG_KEYS)[number]): string[] {
  const choices = keyChoices(key);
  const fallback = keyDefault(key);
  const facts = [
    ...(choices === undefined ? [] : [`One of: ${choices.join(', ')}.`]),
    ...(fallback === undefined || fallback === '' ? [] : [`Default: ${fallback}`]),
  ];
  return [...wrap(keyMeta(key).description), ...(facts.length === 0 ? [] : [facts.join(' ')])];
}

/** Lines of at most `WIDTH` characters, with the `# ` before them. */
function wrap(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) as string;
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= WIDTH - 2) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
