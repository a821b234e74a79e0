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

export interface Begin {
  state: string;
  redirectUri: string;
  /** The person wants to prove anew who they are, perhaps as somebody else: the site should ask, not go on as before. */
  chooseAccount?: boolean;
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

/** What is known of a person when it is asked whether they may come in: at sign-in, and from their tokens. */
export type Candidate = Pick<User, 'id' | 'name' | 'groups'>;

interface ProviderBase {
  /** In user ids (`<id>:<subject>`) and forms. Never `internal` or `client`, which are for callers that are no person. */
  id: string;
  /** For people: "Continue with <title>". */
  title: string;
  /** Whether a person of this provider may (still) come in (security invariant 7). */
  admits(user: Candidate): boolean;
}

/** A provider on another site: the browser goes there and comes back to `/callback`. */
export interface RemoteProvider extends ProviderBase {
  kind: 'remote';
  /** @throws SignInError with words for the person */
  begin(options: Begin): Promise<Begun>;
  /** @throws SignInError with words for the person */
  finish(options: Finish): Promise<Identity>;
}

/** A person who proves with a form of ours who they are. */
export interface FormProvider extends ProviderBase {
  kind: 'form';
  /** Who it is, if the answer is right. */
  identity: Identity;
  /**
   * @returns whether the answer is right
   * @throws TooManyRequestsError when too many are being checked
   */
  check(answer: string): Promise<boolean>;
}

/** The one person of this machine, who only presses a button. */
export interface LocalProvider extends ProviderBase {
  kind: 'local';
  identity: Identity;
}

export type IdentityProvider = RemoteProvider | FormProvider | LocalProvider;

/** Signing in did not work. `message` is for the person; `debug` is for the log and holds nothing secret. */
export class SignInError extends Error {
  override name = 'SignInError';
  readonly debug: string;

  constructor(message: string, debug: string) {
    super(message);
    this.debug = debug;
  }
}
