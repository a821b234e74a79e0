/** Who signs in, and how. */
import { z } from 'zod';
import { httpUrl, list, optional, text } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const key = keysOf('Sign-in');

export const signInKeys = {
  IDENTITY_PROVIDER: key(z.enum(['github', 'local']).default('github'), {
    title: 'Identity provider',
    description:
      'github: people sign in with GitHub. local: one button and no password; only where the gateway is reached through loopback.',
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
    title: 'Allowed users',
    description:
      'GitHub logins, separated by commas, any case. Empty: nobody. * alone: anybody with a GitHub account.',
    example: 'octocat,hubot',
  }),
  LOCAL_USER: key(text().default('local'), {
    title: 'Name of the local user',
    description: 'IDENTITY_PROVIDER local only: the name on the button.',
    example: 'alice',
  }),
};
