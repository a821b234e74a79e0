import type { AuthSettings } from '../settings.ts';
import { createGithubProvider } from './github.ts';
import { createLocalProvider } from './local.ts';
import { createOidcProvider } from './oidc.ts';
import { createPassphraseProvider } from './passphrase.ts';
import type { Candidate, IdentityProvider } from './provider.ts';

export interface Providers {
  list: readonly IdentityProvider[];
  byId(id: string): IdentityProvider | undefined;
  /** Whether the person may (still) come in: the provider is configured and admits them (security invariant 7). */
  admits(user: Candidate): boolean;
}

/** User ids that begin so are of no person: our own callers, and clients that act for themselves. */
const RESERVED = new Set(['internal', 'client']);

/**
 * @param now clock, milliseconds since the epoch
 * @throws Error when there is no provider, or one is not for this topology
 */
export function createProviders(
  settings: AuthSettings,
  fetch: typeof globalThis.fetch,
  now: () => number,
): Providers {
  const list = settings.identityProviders.map((provider) => createProvider(provider, settings, fetch, now));
  if (list.length === 0) throw new Error('No identity provider is configured, so nobody could sign in.');
  const reserved = list.find(({ id }) => RESERVED.has(id));
  if (reserved !== undefined) throw new Error(`No identity provider may have the id ${reserved.id}.`);
  const byId = new Map(list.map((provider) => [provider.id, provider]));
  return {
    list,
    byId: (id) => byId.get(id),
    admits: (user) => byId.get(user.id.slice(0, user.id.indexOf(':')))?.admits(user) ?? false,
  };
}

function createProvider(
  settings: AuthSettings['identityProviders'][number],
  { topology }: AuthSettings,
  fetch: typeof globalThis.fetch,
  now: () => number,
): IdentityProvider {
  switch (settings.kind) {
    case 'github':
      return createGithubProvider(settings, fetch);
    case 'oidc':
      return createOidcProvider(settings, fetch, now);
    case 'passphrase':
      return createPassphraseProvider(settings);
    case 'local':
      return createLocalProvider(settings, topology);
  }
}
