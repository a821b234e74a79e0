/** The Handlebars templates of `templates/`, and the one helper that makes a value safe in YAML. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Handlebars from 'handlebars';
import { TEMPLATE_OPTIONS } from './template-options.ts';

/** What Handlebars compiles a template to; its own business. */
type TemplateSpecification = Parameters<typeof Handlebars.template>[0];

/** Source by path below `templates/`, with forward slashes: `compose.yaml.hbs`. */
export type Templates = Map<string, string>;

export function loadTemplates(folder: string): Templates {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.hbs'),
  );
  return new Map(
    paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(join(folder, path), 'utf8')]),
  );
}

/** A template is compiled once, however many files it makes. */
const compiled = new WeakMap<Templates, Map<string, Handlebars.TemplateDelegate>>();

/**
 * Fills a template. A name that the view does not have is an error, not empty text.
 * @param name path below `templates/`
 */
export function fill(templates: Templates, name: string, view: object): string {
  const ready = compiled.get(templates) ?? new Map<string, Handlebars.TemplateDelegate>();
  compiled.set(templates, ready);
  const template = ready.get(name) ?? compile(templates, name);
  ready.set(name, template);
  return template(view);
}

/** What the build has compiled ahead, by name; the sources have none. */
type Precompiled = Record<string, { source: string; spec: TemplateSpecification }>;

const require = createRequire(import.meta.url);

function compile(templates: Templates, name: string): Handlebars.TemplateDelegate {
  const source = templates.get(name);
  if (source === undefined) throw new Error(`there is no template ${name}`);
  const ahead = precompiled()[name];
  // The runtime alone loads in a quarter of the time that the whole with its parser takes.
  if (ahead?.source === source) {
    const runtime = require('handlebars/runtime') as typeof Handlebars;
    return withHelpers(runtime.create()).template(ahead.spec) as Handlebars.TemplateDelegate;
  }
  return withHelpers((require('handlebars') as typeof Handlebars).create()).compile(source, TEMPLATE_OPTIONS);
}

function precompiled(): Precompiled {
  try {
    return require('./precompiled.cjs') as Precompiled;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return {};
    throw error;
  }
}

function withHelpers(own: typeof Handlebars): typeof Handlebars {
  own.registerHelper('q', quote);
  own.registerHelper('qc', (value: unknown) => quote(value).replaceAll('$', '$$$$'));
  own.registerHelper('list', (values: unknown[]) => `[${values.map(quote).join(', ')}]`);
  return own;
}

/**
 * A scalar as YAML reads it back: JSON is YAML, but for characters that YAML does not print. In a Compose file `$` is
 * doubled as well (`qc`), where it would start a variable.
 */
function quote(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
