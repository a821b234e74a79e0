/** Who signs in, and how. */
import { z } from 'zod';
import { choices, httpUrl, list, optional, text } from '../fields.ts';
import { keysOf } from '../key-meta.ts';
import { isPassphraseHash } from '../passphrase.ts';

const key = keysOf('Sign-in');

/** Everything that `IDENTITY_PROVIDER` can name. */
export const IDENTITY_PROVIDERS = ['github', 'passphrase', 'local'] as const;

export const signInKeys = {
  IDENTITY_PROVIDER: key(choices(IDENTITY_PROVIDERS).default(['github']), {
    title: 'Identity providers',
    description:
      'How people sign in; several are separated by commas, and each person chooses. github: with GitHub. passphrase: one owner, no other party. local: one button and no password, alone and only where the gateway is reached through loopback.',
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
  ALLOWED_GITHUB_USERS: key(list().default([]), {
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
};

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
