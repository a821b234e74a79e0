/** The authorization server of a test, with its admin API listening. */
import { onTestFinished } from 'vitest';
import { type AdminAnswer, callAdmin } from '../../../runtime/auth/admin/call.ts';
import type { HealthTokens } from '../../../runtime/auth/admin/health-token.ts';
import { listenForAdmin } from '../../../runtime/auth/admin/listen.ts';
import {
  ROOT_SECRET,
  startTestAuth,
  type TestAuth,
  type TestAuthOptions,
} from '../../helpers/oauth-server.ts';

export interface TestAdmin {
  test: TestAuth;
  /** Where the admin API listens. */
  origin: string;
  call: (...words: string[]) => Promise<AdminAnswer>;
  issue: (...services: string[]) => Promise<HealthTokens>;
  /** Asks a service's MCP URL with a token. @returns the status */
  use: (service: string, token: string | undefined) => Promise<number>;
}

export async function startTestAdmin(options: TestAuthOptions = {}): Promise<TestAdmin> {
  const test = await startTestAuth(options);
  const admin = await listenForAdmin(test.auth.context, 0);
  onTestFinished(async () => {
    await admin.close();
    await test.close();
  });
  const { origin } = admin;
  const call = (...words: string[]) =>
    callAdmin(words, { origin, rootSecret: ROOT_SECRET, nowMs: test.clock.now() });
  return {
    test,
    origin,
    call,
    issue: async (...services) => (await call('issue', ...services)).body as HealthTokens,
    use: async (service, token) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return (await fetch(test.resource(service), { headers })).status;
    },
  };
}
