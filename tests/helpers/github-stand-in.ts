import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface GithubAccount {
  id: number;
  login: string;
}

export interface GithubStandIn {
  /** As `baseUrl` of the provider. */
  baseUrl: string;
  /** As `apiUrl` of the provider. */
  apiUrl: string;
  clientId: string;
  clientSecret: string;
  /** Who is signed in at "GitHub". */
  account: GithubAccount;
  /** Makes the next steps go wrong, one way or another. */
  fault?:
    'denied' | 'bad-code' | 'no-token' | 'no-user' | 'silent' | 'foreign-issuer' | 'no-teams' | undefined;
  /** Organisations of the account by login: its membership, and its teams there. */
  orgs: Record<string, { state: 'active' | 'pending' | 'hidden'; teams: string[] }>;
  /** Scope of the last authorization request. */
  scope?: string | undefined;
  /** Requests so far, by path. */
  seen: string[];
  close(): Promise<void>;
}

/** The parts of github.com that a sign-in uses, on loopback: it signs the account in without asking. */
export async function startGithubStandIn(account: GithubAccount): Promise<GithubStandIn> {
  const codes = new Map<string, { challenge: string; redirectUri: string }>();
  const tokens = new Set<string>();
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const github: GithubStandIn = {
    baseUrl,
    apiUrl: `${baseUrl}/api/v3`,
    clientId: 'github-client',
    clientSecret: 'github-secret',
    account,
    orgs: {},
    seen: [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', baseUrl);
    github.seen.push(url.pathname);
    if (github.fault === 'silent' && url.pathname !== '/login/oauth/authorize') return;
    switch (url.pathname) {
      case '/login/oauth/authorize':
        return authorize(url.searchParams, response);
      case '/login/oauth/access_token':
        return token(new URLSearchParams(await bodyOf(request)), response);
      case '/api/v3/user':
        return user(request.headers.authorization, response);
      case '/api/v3/user/teams':
        return teams(request.headers.authorization, url.searchParams, response);
      default:
        if (url.pathname.startsWith('/api/v3/user/memberships/orgs/'))
          return membership(request.headers.authorization, url.pathname.split('/').at(-1) ?? '', response);
        response.writeHead(404).end();
    }
  }

  /** Like every API of GitHub, it does not mind case. */
  function membership(authorization: string | undefined, asked: string, response: ServerResponse): void {
    const login = Object.keys(github.orgs).find((name) => name.toLowerCase() === asked.toLowerCase());
    const org = login === undefined ? undefined : github.orgs[login];
    const allowed = isToken(authorization) && org?.state !== 'hidden';
    if (!allowed || org === undefined) return void response.writeHead(allowed ? 404 : 403).end('{}');
    json(response, { state: org.state, role: 'member', organization: { login } });
  }

  function teams(authorization: string | undefined, query: URLSearchParams, response: ServerResponse): void {
    if (!isToken(authorization)) return void response.writeHead(401).end('{}');
    if (github.fault === 'no-teams') return void response.writeHead(502).end('{}');
    const all = Object.entries(github.orgs).flatMap(([login, org]) =>
      org.teams.map((slug) => ({ slug, organization: { login } })),
    );
    const size = Number(query.get('per_page') ?? 30);
    const page = Number(query.get('page') ?? 1);
    json(response, all.slice((page - 1) * size, page * size));
  }

  function isToken(authorization: string | undefined): boolean {
    return tokens.has((authorization ?? '').replace('Bearer ', ''));
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    github.scope = query.get('scope') ?? undefined;
    const redirectUri = query.get('redirect_uri') ?? '';
    const back = new URL(redirectUri);
    back.searchParams.set('state', query.get('state') ?? '');
    // As GitHub does since 2026.
    back.searchParams.set(
      'iss',
      github.fault === 'foreign-issuer' ? 'https://github.example' : `${baseUrl}/login/oauth`,
    );
    if (github.fault === 'denied') {
      back.searchParams.set('error', 'access_denied');
      back.searchParams.set('error_description', 'The user has denied your application access.');
    } else {
      const code = randomBytes(10).toString('hex');
      codes.set(code, { challenge: query.get('code_challenge') ?? '', redirectUri });
      back.searchParams.set('code', code);
    }
    response.writeHead(302, { location: back.href }).end();
  }

  /** GitHub answers errors with 200. */
  function token(form: URLSearchParams, response: ServerResponse): void {
    const code = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const good =
      code !== undefined &&
      code.challenge === verifier &&
      code.redirectUri === form.get('redirect_uri') &&
      form.get('client_id') === github.clientId &&
      form.get('client_secret') === github.clientSecret;
    if (!good || github.fault === 'bad-code') {
      return json(response, {
        error: 'bad_verification_code',
        error_description: 'The code passed is incorrect or expired.',
      });
    }
    const accessToken = `gho_${randomBytes(18).toString('hex')}`;
    tokens.add(accessToken);
    if (github.fault === 'no-token') return json(response, { token_type: 'bearer', scope: '' });
    json(response, { access_token: accessToken, token_type: 'bearer', scope: '' });
  }

  function user(authorization: string | undefined, response: ServerResponse): void {
    if (!isToken(authorization) || github.fault === 'no-user') {
      response.writeHead(401).end('{"message":"Bad credentials"}');
      return;
    }
    json(response, { ...github.account, name: 'Somebody', email: null });
  }

  return github;
}

function json(response: ServerResponse, body: object | object[]): void {
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
