/** Values of a new service's secrets: from a file, the environment, standard input or a question, never from an argument. */
import { readFileSync } from 'node:fs';
import { EXIT, UserError } from '../../errors.ts';
import type { Environment } from '../../gateway-folder.ts';
import type { Asker } from '../../prompts/asker.ts';

/** A secret to be had. */
export interface Wanted {
  /** As the person calls it: the variable, or the header. */
  label: string;
  /** Under which the gateway keeps it. */
  name: string;
  /** @returns what is wrong with a value */
  validate: (value: string) => string | undefined;
  /** Asked beside the label. */
  hint?: string;
}

export interface SecretSources {
  /** `LABEL=PATH`, as given by `--secret-file`. */
  files: string[];
  environment: Environment;
  /** Whether the folder has the secret already. */
  isKept: (name: string) => boolean;
  asker: (() => Promise<Asker>) | undefined;
  readStdin: () => Promise<string>;
  /** Tells the person where a value came from. */
  note: (text: string) => void;
}

/**
 * @returns new values by name; one that the folder has and nobody gave stays as it is
 * @throws UserError when one has no value, or one that cannot be used
 */
export async function secretValues(wanted: Wanted[], sources: SecretSources): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  const paths = filePaths(sources.files, wanted);
  const open: Wanted[] = [];
  for (const secret of wanted) {
    const { label, name } = secret;
    const path = paths.get(label);
    const given = path === undefined ? sources.environment[label] : readSecret(path, label);
    if (given !== undefined && given !== '') {
      values.set(name, given);
      if (path === undefined) sources.note(`${label}: its value is taken from the environment.`);
    } else if (!sources.isKept(name)) open.push(secret);
    else sources.note(`${label}: the value in .env is kept; --secret-file replaces it.`);
  }
  if (sources.asker !== undefined && open.length > 0) await askFor(open, values, await sources.asker());
  else if (open.length > 0) values.set(...(await fromStdin(open, sources.readStdin)));
  for (const { name, label, validate } of wanted) {
    const value = values.get(name);
    const problem = value === undefined ? undefined : validate(value);
    if (problem !== undefined) throw new UserError(`the value of ${label} ${problem}`, EXIT.usage);
  }
  return values;
}

function filePaths(files: string[], wanted: Wanted[]): Map<string, string> {
  const paths = new Map<string, string>();
  for (const pair of files) {
    const [, label = '', path = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    if (label === '' || path === '') throw new UserError('--secret-file takes NAME=PATH', EXIT.usage);
    if (!wanted.some((secret) => secret.label === label))
      throw new UserError(
        `--secret-file ${label}: there is no secret of that name; add --secret ${label}`,
        EXIT.usage,
      );
    paths.set(label, path);
  }
  return paths;
}

/** Editors and `echo` end a file with a line break, which is no part of a secret. */
function readSecret(path: string, label: string): string {
  try {
    const value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (value !== '') return value;
  } catch (error) {
    throw new UserError(`--secret-file ${label}: ${(error as Error).message}`, EXIT.usage);
  }
  throw new UserError(`--secret-file ${label}: ${path} is empty`, EXIT.usage);
}

async function askFor(open: Wanted[], values: Map<string, string>, asker: Asker): Promise<void> {
  for (const { label, name, validate, hint } of open) {
    const message = `Value of ${label}${hint === undefined ? '' : ` (${hint})`}`;
    const check = (value: string) => (value === '' ? 'is needed' : validate(value));
    values.set(name, await asker.secret({ message, validate: check }));
  }
}

async function fromStdin(open: Wanted[], readStdin: () => Promise<string>): Promise<[string, string]> {
  const [only] = open;
  const labels = open.map(({ label }) => label).join(', ');
  const how = 'by --secret-file NAME=PATH or as a variable of the environment';
  if (only === undefined || open.length > 1)
    throw new UserError(`${labels}: standard input has only one secret; give the others ${how}`, EXIT.usage);
  const value = (await readStdin()).replace(/\r?\n$/, '');
  if (value === '')
    throw new UserError(
      `${labels} has no value: pipe it in, or give it ${how}. It is never an argument`,
      EXIT.usage,
    );
  return [only.name, value];
}
