/**
 * The pages that a person sees. Handlebars escapes every value (security invariant 15); no template uses `{{{`. The
 * templates lie beside this file, in the source and in the build.
 */
import { readFileSync } from 'node:fs';
import Handlebars from 'handlebars';

export interface ConsentPage {
  handle: string;
  csrf: string;
  clientName: string;
  /** Host or scheme that the answer goes to. */
  redirectTarget: string;
  loopback: boolean;
  /** Whether the person chooses the services; otherwise they are fixed. */
  choose: boolean;
  services: { name: string; title: string; description: string; chosen: boolean }[];
  staysSignedIn: boolean;
  providers: { id: string; label: string }[];
  problem?: string | undefined;
}

export interface LocalPage {
  handle: string;
  csrf: string;
  clientName: string;
  userName: string;
}

export interface ContinuePage {
  title: string;
  /** What the person is told of where it goes. */
  target: string;
  refreshTo: string;
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
  local(page: LocalPage): string;
  continue(page: ContinuePage): string;
  error(page: ErrorPage): string;
  success(page: SuccessPage): string;
  stylesheet: string;
}

const TITLES = { consent: 'Allow access?', local: 'Sign in', success: 'Sign-in' };

/** @param host shown at the foot of every page */
export function createPages(host: string): Pages {
  const handlebars = Handlebars.create();
  handlebars.registerPartial('layout', read('layout.hbs'));
  const template = <Page extends object>(name: string, title?: string): ((page: Page) => string) => {
    const render = handlebars.compile<object>(read(`${name}.hbs`));
    return (page) => render({ host, title, ...page });
  };
  return {
    consent: template('consent', TITLES.consent),
    local: template('local', TITLES.local),
    continue: template('continue'),
    error: template('error'),
    success: template('success', TITLES.success),
    stylesheet: read('style.css'),
  };
}

function read(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
}
