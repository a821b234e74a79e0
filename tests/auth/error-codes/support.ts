/** Who takes part in the requests that get an error code, and the requests that several tests make. */
import { afterAll, beforeAll } from 'vitest';
import {
  registerClient,
  signIn,
  type Flow,
  type RegisteredClient,
  type Tokens,
} from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** What `error_description` may be written in (RFC 6749 §5.2). */
export const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/;

export interface Parties {
  test: TestAuth;
  /** A client without a secret, and one with. */
  open: RegisteredClient;
  closed: RegisteredClient;
  device: RegisteredClient;
  /** Of the client `open`. */
  signedIn: Flow & { tokens: Tokens };
}

/** @returns what is there once the tests run */
export function useParties(): Parties {
  const parties = {} as Parties;
  beforeAll(async () => {
    const test = await startTestAuth();
    const open = await registerClient(test.origin);
    Object.assign(parties, {
      test,
      open,
      closed: await registerClient(test.origin, { token_endpoint_auth_method: 'client_secret_basic' }),
      device: await registerClient(test.origin, { grant_types: [DEVICE_CODE], response_types: [] }),
      signedIn: await signIn(test, { client: open }),
    } satisfies Parties);
  });
  afterAll(() => parties.test.close());
  return parties;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

export type Form = Record<string, string | undefined> | [string, string][];

export const answerOf = async (response: Response): Promise<Answer> => ({
  status: response.status,
  headers: response.headers,
  text: await response.text(),
});

/** With the store out of reach. */
export async function down({ store }: TestAuth, request: () => Promise<Answer>): Promise<Answer> {
  store.down = true;
  try {
    return await request();
  } finally {
    store.down = false;
  }
}
