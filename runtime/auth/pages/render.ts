/**
 * The pages that a person sees. Handlebars escapes every value (security invariant 15); no template uses `{{{`. The
 * templates lie beside this file, in the source and in the build.
 */
import { readdirSync, readFileSync } from 'node:fs';
import Handlebars from 'handlebars';

export interface Account {
  userName: string;
  /** "with GitHub", "on this computer". */
  via: string;
}

export interface ConsentPage {
  handle: string;
  csrf: string;
  /** What the client calls itself. */
  clientName: string;
  /** Of a client that is known by a URL: its host, which nobody else can claim. */
  clientHost?: string | undefined;
  /** Host or scheme that the answer goes to; a device has none. */
  redirectTarget?: string | undefined;
  loopback: boolean;
  /** The answer goes to a device that shows a code (RFC 8628). */
  device?: boolean;
  /** Whether the person chooses the services; otherwise they are fixed. */
  choose: boolean;
  services: { name: string; title: string; description: string; chosen: boolean }[];
  staysSignedIn: boolean;
  /** As whom the person is signed in. */
  account?: Account | undefined;
  /** The buttons that allow. */
  decisions: { value: string; label: string }[];
  /** What comes after the button. */
  signInNext?: string | undefined;
  problem?: string | undefined;
}

export interface DevicePage {
  csrf: string;
  /** As typed or given, to be corrected or compared. */
  userCode?: string | undefined;
  problem?: string | undefined;
}

export interface DeviceDonePage {
  approved: boolean;
  clientName: string;
  userName?: string | undefined;
}

export interface LocalPage {
  handle: string;
  csrf: string;
  clientName: string;
  userName: string;
}

export interface PassphrasePage {
  handle: string;
  csrf: string;
  clientName: string;
  userName: string;
  problem?: string | undefined;
}

export interface ContinuePage {
  title: string;
  /** What the person is told of where it goes. */
  target: string;
  refreshTo: string;
}

export interface SignOutPage {
  csrf: string;
  account: Account;
}

export interface ErrorPage {
  title: string;
  message: string;
  advice?: string | undefined;
  /** Where the application hears of it. */
  returnUrl?: string | undefined;
  code: string;
}

export interface SuccessPage {
  code?: string | undefined;
  state?: string | undefined;
  error?: string | undefined;
  errorDescription?: string | undefined;
}

export interface Pages {
  consent(page: ConsentPage): string;
  device(page: DevicePage): string;
  deviceDone(page: DeviceDonePage): string;
  local(page: LocalPage): string;
  passphrase(page: PassphrasePage): string;
  continue(page: ContinuePage): string;
  error(page: ErrorPage): string;
  signOut(page: SignOutPage): string;
  /** @param page.was who is signed out; undefined where nobody was signed in */
  signedOut(page: { was?: string | undefined }): string;
  success(page: SuccessPage): string;
  stylesheet: string;
}

const TITLES = {
  consent: 'Allow access?',
  device: 'Connect a device',
  local: 'Sign in',
  success: 'Sign-in',
  signOut: 'Sign out',
};

/** @param host shown at the foot of every page */
export function createPages(host: string): Pages {
  const handlebars = Handlebars.create();
  handlebars.registerPartial('layout', read('layout.hbs'));
  for (const file of readdirSync(new URL('./icons/', import.meta.url)))
    handlebars.registerPartial(`icons/${file.replace(/\.hbs$/, '')}`, read(`icons/${file}`));
  const template = <Page extends object>(name: string, title?: string): ((page: Page) => string) => {
    const render = handlebars.compile<object>(read(`${name}.hbs`));
    return (page) => render({ host, title, ...page });
  };
  const consent = template<ConsentPage & { several: boolean }>('consent', TITLES.consent);
  const device = template<DevicePage & { typing: boolean }>('device', TITLES.device);
  return {
    consent: (page) => consent({ ...page, several: page.decisions.length > 1 }),
    device: (page) => device({ ...page, typing: page.userCode === undefined || page.problem !== undefined }),
    deviceDone: template('device-done', TITLES.device),
    local: template('local', TITLES.local),
    passphrase: template('passphrase', TITLES.local),
    continue: template('continue'),
    error: template('error'),
    signOut: template('sign-out', TITLES.signOut),
    signedOut: template('signed-out', TITLES.signOut),
    success: template('success', TITLES.success),
    stylesheet: read('style.css'),
  };
}

function read(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
}
