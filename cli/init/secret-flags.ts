/** Secrets that `init` is given without a question: each by a file or by standard input, never as an argument. */
import { readFileSync } from 'node:fs';
import { passphraseProblem } from '../../runtime/config/passphrase.ts';
import { EXIT, UserError } from '../errors.ts';
import type { Sources } from './answers.ts';

/** The secret's name in flags, which have `-file` or `-stdin` behind it, and its key. */
export const SECRET_FLAGS = [
  { name: 'github-client-secret', key: 'GITHUB_CLIENT_SECRET', title: 'the GitHub client secret' },
  { name: 'oidc-client-secret', key: 'OIDC_CLIENT_SECRET', title: 'the OpenID Connect client secret' },
  { name: 'passphrase', key: 'PASSPHRASE_HASH', title: 'the passphrase of the owner' },
] as const;

type SecretFlag = (typeof SECRET_FLAGS)[number];

/**
 * @returns what stands in `.env`, by key
 * @throws UserError for flags that do not go together, and for a secret that will not do
 */
export async function secretFlags(
  sources: Pick<Sources, 'flags' | 'readStdin' | 'secrets'>,
): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  const fromStdin = SECRET_FLAGS.filter(({ name }) => sources.flags[camel(`${name}-stdin`)] === true);
  if (fromStdin.length > 1) {
    const names = fromStdin.map(({ name }) => `--${name}-stdin`).join(' and ');
    throw new UserError(`${names}: standard input has only one of them; give the other by -file`, EXIT.usage);
  }
  for (const flag of SECRET_FLAGS) {
    const secret = await given(flag, sources);
    if (secret === undefined) continue;
    texts[flag.key] = flag.name === 'passphrase' ? await hashed(secret, sources) : secret;
  }
  return texts;
}

async function given(
  { name }: SecretFlag,
  { flags, readStdin }: Pick<Sources, 'flags' | 'readStdin'>,
): Promise<string | undefined> {
  const path = flags[camel(`${name}-file`)];
  const stdin = flags[camel(`${name}-stdin`)] === true;
  if (typeof path === 'string' && stdin)
    throw new UserError(`--${name}-file and --${name}-stdin: only one of them`, EXIT.usage);
  if (typeof path === 'string') return readSecret(path, `--${name}-file`);
  if (!stdin) return undefined;
  const secret = (await readStdin()).trim();
  if (secret === '') throw new UserError(`--${name}-stdin: standard input was empty`, EXIT.usage);
  return secret;
}

function readSecret(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new UserError(`${flag}: ${(error as Error).message}`, EXIT.usage);
  }
}

async function hashed(passphrase: string, { secrets }: Pick<Sources, 'secrets'>): Promise<string> {
  const problem = passphraseProblem(passphrase);
  if (problem !== undefined) throw new UserError(`the passphrase ${problem}`, EXIT.usage);
  return secrets.passphraseHash(passphrase);
}

/** `github-client-secret-file` → `githubClientSecretFile`, which is commander's name for it. */
function camel(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
