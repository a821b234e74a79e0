import { SignInError } from './provider.ts';

/** Groups go into every access token, and those have a bound (`tokens.ts`). */
const MAX_GROUPS = 100;
const MAX_CHARACTERS = 4096;

/**
 * Refuses somebody with more groups than a token can carry, and never leaves one out: a policy may deny by exactly that.
 *
 * @throws SignInError
 */
export function boundedGroups(groups: readonly string[]): string[] {
  const all = [...new Set(groups)];
  const characters = all.reduce((sum, group) => sum + group.length, 0);
  if (all.length > MAX_GROUPS || characters > MAX_CHARACTERS) {
    throw new SignInError(
      'Your account is in more groups than this gateway can take. Ask its operator to have fewer of them sent.',
      `${all.length} groups of ${characters} characters; at most ${MAX_GROUPS} of ${MAX_CHARACTERS}`,
    );
  }
  return all;
}
