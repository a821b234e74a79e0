/** Who calls our proxy, as auth would sign it. */
import { CONTEXT_HEADER, signContext } from '../../../runtime/config/context.ts';
import { deriveKey } from '../../../runtime/config/secrets.ts';

export const BENCH_SERVICE = 'bench';
export const BENCH_KEY = deriveKey('a root secret of thirty-two characters', `context:${BENCH_SERVICE}`);

const HOURS = 4;

/** @returns the headers of a user's requests */
export function callerHeaders(user = 'bench:1'): Record<string, string> {
  const iat = Math.floor(Date.now() / 1000);
  const identity = { sub: user, name: user, groups: [], clientId: 'bench', scope: '', aud: BENCH_SERVICE };
  return { [CONTEXT_HEADER]: signContext({ ...identity, iat, exp: iat + HOURS * 3600 }, BENCH_KEY) };
}
