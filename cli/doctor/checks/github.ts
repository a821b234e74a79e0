/**
 * The OAuth app at GitHub, as far as it can be seen without a browser: a code that cannot be right is exchanged, and
 * GitHub checks the app's credentials before it looks at the code.
 * https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
 */
import { z } from 'zod';
import type { ConfigValues } from '../../../runtime/config/schema.ts';
import type { HttpClient } from '../../net/http-client.ts';
import { type DoctorResult, failed, ok, skipped, warning } from '../check.ts';

const APP = 'GitHub app';
const answerSchema = z.looseObject({ error: z.string() });

/** @param callback the URL that GitHub must be told */
export async function checkGithub(
  client: HttpClient,
  values: ConfigValues,
  callback: string,
): Promise<DoctorResult[]> {
  if (!values.IDENTITY_PROVIDER.includes('github')) return [];
  return [
    await checkCredentials(client, values),
    // GitHub compares it after the person has signed in there.
    skipped('callback', `only a sign-in shows it; at GitHub it must be ${callback}`),
    ...(somebodyAllowed(values)
      ? []
      : [
          warning(
            'users',
            'nobody can sign in with GitHub',
            'name GitHub logins in ALLOWED_GITHUB_USERS of .env',
          ),
        ]),
  ];
}

async function checkCredentials(client: HttpClient, values: ConfigValues): Promise<DoctorResult> {
  const { GITHUB_BASE_URL: base, GITHUB_CLIENT_ID: id = '', GITHUB_CLIENT_SECRET: secret = '' } = values;
  const host = new URL(base).host;
  try {
    const answer = await client.request(`${base}/login/oauth/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: id, client_secret: secret, code: 'mcpgw-doctor' }).toString(),
    });
    return credentialsResult(answer.status, await answer.text(), host);
  } catch {
    return skipped(APP, `${host} cannot be reached from here`);
  }
}

/** @param text of GitHub's answer to a code that it never gave */
export function credentialsResult(status: number, text: string, host: string): DoctorResult {
  const error = errorIn(text);
  if (error === 'bad_verification_code') return ok(APP, `${host} knows it, and its secret is right`);
  if (error === 'incorrect_client_credentials') {
    return failed(
      APP,
      `${host} does not take its secret`,
      'make a new client secret at GitHub and give it to mcpgw init (GITHUB_CLIENT_SECRET)',
    );
  }
  if (status === 404) {
    return failed(
      APP,
      `${host} does not know its client ID`,
      'copy the client ID from GitHub to GITHUB_CLIENT_ID in .env',
    );
  }
  return warning(APP, `${host} answered something unexpected (${status})`, 'run mcpgw doctor again later');
}

function errorIn(text: string): string | undefined {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data?.error;
  } catch {
    return undefined;
  }
}

function somebodyAllowed(values: ConfigValues): boolean {
  const { ALLOWED_GITHUB_USERS: users, ALLOWED_GITHUB_ORGS: orgs, ALLOWED_GITHUB_TEAMS: teams } = values;
  return [users, orgs, teams].some((allowed) => allowed.length > 0);
}
