// Compiles the templates ahead, after tsc: parsing them and loading the parser is a fifth of what `generate` takes.
import { writeFileSync } from 'node:fs';
import Handlebars from 'handlebars';
import { TEMPLATE_OPTIONS } from '../dist/cli/template-options.js';
import { loadTemplates } from '../dist/cli/templates.js';

const entries = [...loadTemplates('templates')].map(
  ([name, source]) =>
    `${JSON.stringify(name)}: { source: ${JSON.stringify(source)}, spec: ${String(Handlebars.precompile(source, TEMPLATE_OPTIONS))} }`,
);
writeFileSync('dist/cli/precompiled.cjs', `module.exports = {\n${entries.join(',\n')}\n};\n`);
