/** Who signs in, and how. */
import { z } from 'zod';
import { boolean, choices, hostname, httpUrl, list, optional, text } from '../fields.ts';
import { keysOf } from '../key-meta.ts';
import { isPassphraseHash } from '../passphrase.ts';

const key = keysOf('Sign-in');

/** Everything that `IDENTITY_PROVIDER` can name. */
export const IDENTITY_PROVIDERS = ['github', 'oidc', 'passphrase', 'local'] as const;

export const signInKeys = {
  IDENTITY_PROVIDER: key(choices(IDENTITY_PROVIDERS).default(['github']), {
    title: 'Identity providers',
    description:
      'How people sign in; several are separated by commas, and each person chooses. github: with GitHub. oidc: with any OpenID Connect issuer, such as Google, Entra, Keycloak or Okta. passphrase: one owner, no other party. local: one button and no password, alone and only where the gateway is reached through loopback.',
    example: 'github',
  }),
  GITHUB_CLIENT_ID: key(optional(text()), {
    title: 'GitHub client ID',
    description: 'Of the OAuth app (GitHub, Settings, Developer settings, OAuth Apps).',
    example: 'Ov23liAbCdEfGhIjKlMn',
  }),
  GITHUB_CLIENT_SECRET: key(optional(text()), {
    title: 'GitHub client secret',
    description: 'Of the same OAuth app.',
    example: '(40 hexadecimal characters)',
    secret: true,
  }),
  GITHUB_BASE_URL: key(httpUrl().default('https://github.com'), {
    title: 'GitHub base URL',
    description: 'For GitHub Enterprise Server: its own address.',
    example: 'https://github.example.com',
  }),
  ALLOWED_GITHUB_USERS: key(githubUsers().default([]), {
    title: 'Allowed GitHub users',
    description:
      'GitHub logins, separated by commas, any case. * alone: anybody with a GitHub account. Who is neither here nor in an organisation or team of the next two keys is not let in; all empty: nobody.',
    example: 'octocat,hubot',
  }),
  ALLOWED_GITHUB_ORGS: key(githubOrgs().default([]), {
    title: 'Allowed GitHub organisations',
    description:
      'Whose members may sign in, separated by commas. A member gets the group github:ORG, and github:ORG/TEAM for each team in it. GitHub then asks people for read:org, and an organisation that restricts OAuth apps must approve this one.',
    example: 'my-company',
  }),
  ALLOWED_GITHUB_TEAMS: key(githubTeams().default([]), {
    title: 'Allowed GitHub teams',
    description:
      'ORG/TEAM as in the address of the team at GitHub, separated by commas: members may sign in.',
    example: 'my-company/platform',
  }),
  OIDC_ISSUER: key(optional(issuerUrl()), {
    title: 'OpenID Connect issuer',
    description:
      'IDENTITY_PROVIDER oidc: the issuer, exactly as its /.well-known/openid-configuration names it. Google: https://accounts.google.com. Entra: https://login.microsoftonline.com/TENANT-ID/v2.0.',
    example: 'https://id.example.com/realms/main',
  }),
  OIDC_CLIENT_ID: key(optional(text()), {
    title: 'OpenID Connect client ID',
    description: 'Of the application that you registered there.',
    example: 'mcpgw',
  }),
  OIDC_CLIENT_SECRET: key(optional(text()), {
    title: 'OpenID Connect client secret',
    description: 'Of the same application.',
    example: '(as the issuer gave it)',
    secret: true,
  }),
  OIDC_TITLE: key(text().default('single sign-on'), {
    title: 'Name of the issuer',
    description: 'What people read on the button.',
    example: 'Example Corp',
  }),
  OIDC_SCOPES: key(scopes().default(['openid', 'profile', 'email']), {
    title: 'OpenID Connect scopes',
    description:
      'What is asked for, separated by commas or spaces. Some issuers send groups only for a scope of their own.',
    example: 'openid,profile,email,groups',
  }),
  OIDC_GROUPS_CLAIM: key(optional(text()), {
    title: 'OpenID Connect groups claim',
    description:
      "Name of the claim with a person's groups, or the way to it (realm_access.roles). Each becomes the group oidc:GROUP. Empty: none are read.",
    example: 'groups',
  }),
  OIDC_ALLOWED_EMAILS: key(list().default([]), {
    title: 'Allowed e-mail addresses',
    description:
      'Who may sign in, separated by commas; only an address that the issuer calls verified counts (email_verified, with Entra xms_edov). * alone: anybody whom the issuer signs in. This and the next two keys empty: nobody.',
    example: 'alice@example.com,bob@example.com',
  }),
  OIDC_ALLOWED_DOMAINS: key(domains().default([]), {
    title: 'Allowed e-mail domains',
    description:
      "Whose verified addresses may sign in, separated by commas. With Google: organisations (the claim hd), since a private account can have a company's address.",
    example: 'example.com',
  }),
  OIDC_ALLOWED_GROUPS: key(list().default([]), {
    title: 'Allowed OpenID Connect groups',
    description:
      'Whose members may sign in, separated by commas. Entra for any tenant (/organizations/v2.0): TENANT-ID, or TENANT-ID/GROUP.',
    example: 'mcp-users',
  }),
  PASSPHRASE_HASH: key(
    optional(z.string().refine(isPassphraseHash, 'is not a hash that mcpgw init made of a passphrase')),
    {
      title: 'Hash of the passphrase',
      description:
        'IDENTITY_PROVIDER passphrase: made by mcpgw init, which asks for the passphrase or reads it (--passphrase-stdin). The passphrase itself is kept nowhere.',
      example: '(made by mcpgw init)',
      secret: true,
    },
  ),
  OWNER_NAME: key(text().default('owner'), {
    title: 'Name of the owner',
    description: 'IDENTITY_PROVIDER passphrase: whom the passphrase signs in.',
    example: 'alice',
  }),
  LOCAL_USER: key(text().default('local'), {
    title: 'Name of the local user',
    description: 'IDENTITY_PROVIDER local only: the name on the button.',
    example: 'alice',
  }),
  CLIENT_CREDENTIALS: key(boolean().default(false), {
    title: 'Tokens for scripts',
    description:
      'Whether clients that the operator registers (mcpgw client register --grant-types client_credentials) get tokens for themselves, without a person. A service with a list of allowed users takes them by their id, client:<client_id>.',
    example: 'false',
  }),
};

function githubUsers() {
  return list().refine(
    (names) => names.every((name) => name === '*' || /^[a-z\d][\w-]*$/i.test(name)),
    'must be GitHub logins, separated by commas',
  );
}

function githubOrgs() {
  return list().refine(
    (names) => names.every((name) => /^[a-z\d](?:[a-z\d-]*[a-z\d])?$/i.test(name)),
    'must be names of organisations, separated by commas',
  );
}

function githubTeams() {
  return list().refine(
    (names) => names.every((name) => /^[a-z\d](?:[a-z\d-]*[a-z\d])?\/[\w-]+$/i.test(name)),
    'must be ORGANISATION/TEAM, separated by commas',
  );
}

function issuerUrl() {
  return z.string().refine((value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) return false;
    return [url.username, url.password, url.search, url.hash].every((part) => part === '');
  }, 'must be a URL that starts with https://, without a query');
}

function scopes() {
  return z.string().transform((value) => value.split(/[\s,]+/).filter((scope) => scope !== ''));
}

function domains() {
  return list().refine(
    (names) => names.every((name) => hostname().safeParse(name).success && name.includes('.')),
    'must be domains like example.com, separated by commas',
  );
}
