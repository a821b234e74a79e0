/** Every page with made-up values, to be looked at and to be checked for accessibility. */
import { createPages, type ConsentPage } from '../../runtime/auth/pages/render.ts';

const pages = createPages('auth.tools.example.org');
const form = { handle: 'handle', csrf: 'csrf' };

const SERVICES = [
  { name: 'fetch', title: 'Fetch', description: 'Reads web pages as Markdown.', chosen: false },
  { name: 'memory', title: 'Memory', description: 'Keeps a knowledge graph for you.', chosen: true },
  { name: 'time', title: 'Time', description: 'Converts between time zones.', chosen: false },
];

const ACCOUNT = { userName: 'octocat', via: 'with GitHub' };

const CONSENT: ConsentPage = {
  ...form,
  clientName: 'Claude',
  redirectTarget: 'claude.ai',
  loopback: false,
  choose: false,
  services: SERVICES.slice(0, 2),
  staysSignedIn: true,
  decisions: [{ value: 'allow:github', label: 'Allow' }],
  signInNext: 'You sign in with GitHub next.',
};

export const STYLESHEET = pages.stylesheet;

export const SAMPLE_PAGES: ReadonlyMap<string, string> = new Map([
  ['consent', pages.consent({ ...CONSENT, clientHost: 'claude.ai' })],
  [
    'consent-loopback',
    pages.consent({
      ...CONSENT,
      clientName: 'An editor with quite a long name that it gave itself',
      redirectTarget: '127.0.0.1:33418',
      loopback: true,
      services: SERVICES,
    }),
  ],
  [
    'consent-choose',
    pages.consent({
      ...CONSENT,
      choose: true,
      services: SERVICES,
      decisions: [
        { value: 'allow:github', label: 'Allow, with GitHub' },
        { value: 'allow:oidc', label: 'Allow, with Example Accounts' },
      ],
      signInNext: undefined,
      problem: 'Choose at least one, or deny.',
    }),
  ],
  [
    'consent-signed-in',
    pages.consent({
      ...CONSENT,
      account: ACCOUNT,
      decisions: [{ value: 'allow', label: 'Allow' }],
      signInNext: undefined,
    }),
  ],
  ['sign-out', pages.signOut({ csrf: 'csrf', account: ACCOUNT })],
  ['signed-out', pages.signedOut({ was: 'octocat' })],
  ['not-signed-in', pages.signedOut({})],
  ['passphrase', pages.passphrase({ ...form, clientName: 'Claude', userName: 'alice' })],
  [
    'passphrase-wrong',
    pages.passphrase({
      ...form,
      clientName: 'Claude',
      userName: 'alice',
      problem: 'This is not the passphrase.',
    }),
  ],
  ['device', pages.device({ csrf: 'csrf' })],
  ['device-given', pages.device({ csrf: 'csrf', userCode: 'WDJB-MJHT' })],
  [
    'device-problem',
    pages.device({
      csrf: 'csrf',
      userCode: 'WDJB-MJHT',
      problem:
        'No device waits for this code. Compare it with the one on the device; it lasts for ten minutes.',
    }),
  ],
  ['device-done', pages.deviceDone({ approved: true, clientName: 'A terminal', userName: 'alice' })],
  ['device-denied', pages.deviceDone({ approved: false, clientName: 'A terminal' })],
  [
    'consent-device',
    pages.consent({
      ...CONSENT,
      device: true,
      clientName: 'A terminal',
      redirectTarget: undefined,
    }),
  ],
  ['local', pages.local({ ...form, clientName: 'Claude', userName: 'alice' })],
  [
    'continue',
    pages.continue({ title: 'You are signed in', target: 'claude.ai', refreshTo: 'https://claude.ai/' }),
  ],
  [
    'error',
    pages.error({
      title: 'You are signed in, but not allowed in',
      message: 'You are signed in as mallory, who is not on the list of allowed users.',
      advice: 'Ask the operator of this gateway to add mallory, or sign in with another account.',
      returnUrl: 'https://claude.ai/',
      code: 'access_denied',
    }),
  ],
  ['success', pages.success({ code: `${'k3J9'.repeat(4)}.${'aZ7-q_'.repeat(7)}x`, state: 'af0ifjsldkj' })],
  [
    'success-error',
    pages.success({ error: 'access_denied', errorDescription: 'The person did not agree.', state: 'af0if' }),
  ],
]);
