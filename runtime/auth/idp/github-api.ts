/**
 * The parts of GitHub's REST API that say who somebody is, and of which organisations and teams.
 * https://docs.github.com/rest/users/users, https://docs.github.com/rest/orgs/members, https://docs.github.com/rest/teams/teams
 */
import { z } from 'zod';
import { SignInError } from './provider.ts';
import { explain, refusedBy } from './upstream-error.ts';

const TITLE = 'GitHub';

const userSchema = z.object({ id: z.number().int().positive(), login: z.string().min(1) });
const membershipSchema = z.object({ state: z.string(), organization: z.object({ login: z.string() }) });
const teamsSchema = z.array(
  z.object({ slug: z.string(), organization: z.object({ login: z.string() }).nullish() }),
);

/** What one page of GitHub's lists has at the most. */
const PAGE_SIZE = 100;

/** Nobody is in more teams than these pages hold; an answer without an end is not followed. */
const MAX_PAGES = 10;

export interface GithubApi {
  user(): Promise<{ id: number; login: string }>;
  /** @returns whether the person is an active member: an invitation alone is none */
  isMember(org: string): Promise<boolean>;
  /** @returns `org/team`, in lower case, of every team of the person in one of these organisations */
  teams(orgs: ReadonlySet<string>): Promise<string[]>;
}

/**
 * @param url of the API
 * @param token of the person; it is used at once and kept nowhere
 */
export function createGithubApi(
  url: string,
  token: string,
  fetch: typeof globalThis.fetch,
  signal: () => AbortSignal,
): GithubApi {
  const get = async <T>(
    path: string,
    schema: z.ZodType<T>,
    absent: number[] = [],
  ): Promise<T | undefined> => {
    const name = path.split('?')[0] ?? path;
    try {
      const response = await fetch(url + path, {
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${token}`,
          'user-agent': 'mcpgw',
          'x-github-api-version': '2022-11-28',
        },
        redirect: 'error',
        signal: signal(),
      });
      if (absent.includes(response.status)) {
        await response.body?.cancel();
        return undefined;
      }
      if (!response.ok) throw new SignInError(refusedBy(TITLE), `GET ${name} answered ${response.status}`);
      const body = schema.safeParse(await response.json());
      if (!body.success) throw new SignInError(refusedBy(TITLE), `GET ${name} answered something else`);
      return body.data;
    } catch (error) {
      throw explain(error, TITLE, `GET ${name}`);
    }
  };
  return {
    user: async () => (await get('/user', userSchema)) as z.output<typeof userSchema>,
    isMember: async (org) => {
      // 403: the organisation does not let this OAuth app see its members, which it must approve first.
      const membership = await get(
        `/user/memberships/orgs/${encodeURIComponent(org)}`,
        membershipSchema,
        [403, 404],
      );
      return membership?.state === 'active' && membership.organization.login.toLowerCase() === org;
    },
    teams: async (orgs) => {
      const found: string[] = [];
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const teams = (await get(`/user/teams?per_page=${PAGE_SIZE}&page=${page}`, teamsSchema, [403])) ?? [];
        for (const { slug, organization } of teams) {
          const org = organization?.login.toLowerCase();
          if (org !== undefined && orgs.has(org)) found.push(`${org}/${slug.toLowerCase()}`);
        }
        if (teams.length < PAGE_SIZE) return found;
      }
      return found;
    },
  };
}
