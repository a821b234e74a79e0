/** `mcpgw dev -- <command> [args]`: a service that is in no catalog. */
import { basename } from 'node:path';
import { type Service, serviceSchema } from '../../runtime/config/catalog.ts';

/** Start other programs: the server's name is in their arguments. */
const RUNNERS = new Set([
  'npx',
  'bunx',
  'uvx',
  'uv',
  'node',
  'python',
  'python3',
  'pipx',
  'deno',
  'bun',
  'docker',
]);
const RUNNER_WORDS = new Set(['run', 'exec', 'tool']);

/** A name that no service can have. */
export class InvalidNameError extends Error {
  override name = 'InvalidNameError';
}

/**
 * @returns a service that runs `command`, under a name made from it unless one is given
 * @throws InvalidNameError
 */
export function ownService(command: string[], name = nameFrom(command)): Service {
  const result = serviceSchema.safeParse({
    name,
    title: name,
    description: command.join(' '),
    kind: 'proxy',
    command,
  });
  if (result.success) return result.data;
  throw new InvalidNameError(`"${name}" ${result.error.issues[0]?.message}`);
}

/** `npx -y @scope/server-foo@1.2 --flag` → `server-foo` */
export function nameFrom(command: string[]): string {
  const [program = '', ...args] = command;
  const words = RUNNERS.has(basename(program)) ? args : [program];
  const word =
    words.find((candidate) => !candidate.startsWith('-') && !RUNNER_WORDS.has(candidate)) ?? program;
  const name = basename(word.replace(/(.)(?:@[^/]*|[=<>~!].*)$/, '$1'))
    .replace(/\.[a-z]{1,4}$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 32);
  return name === '' ? 'server' : name;
}
