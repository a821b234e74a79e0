import type { User } from '../../store/store.ts';

/** Whom a provider says the person is. */
export type Identity = User;

/** What is kept of a sign-in while the person is at the provider. */
export interface Begun {
  /** Where the browser goes. */
  url: string;
  codeVerifier?: string;
  nonce?: string;
}

export interface Finish {
  /** The parameters that the provider sent back to `/callback`. */
  query: URLSearchParams;
  /** The `state` that we sent; the provider's answer must carry it. */
  state: string;
  redirectUri: string;
  codeVerifier?: string | undefined;
  nonce?: string | undefined;
}

interface ProviderBase {
  /** In user ids (`<id>:<subject>`) and forms. */
  id: string;
  /** For people: "Continue with <title>". */
  title: string;
  /** Whether a person of this provider may come in, by name (security invariant 7). */
  admits(name: string): boolean;
}

/** A provider on another site: the browser goes there and comes back to `/callback`. */
export interface RemoteProvider extends ProviderBase {
  kind: 'remote';
  begin(options: { state: string; redirectUri: string }): Promise<Begun>;
  /** @throws SignInError with words for the person */
  finish(options: Finish): Promise<Identity>;
}

/** The one person of this machine, who only presses a button. */
export interface LocalProvider extends ProviderBase {
  kind: 'local';
  identity: Identity;
}

export type IdentityProvider = RemoteProvider | LocalProvider;

/** Signing in did not work. `message` is for the person; `debug` is for the log and holds nothing secret. */
export class SignInError extends Error {
  override name = 'SignInError';
  readonly debug: string;

  constructor(message: string, debug: string) {
    super(message);
    this.debug = debug;
  }
}
