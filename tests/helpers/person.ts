/**
 * A person at a browser, without the browser: follows redirects with a cookie jar, and on a page presses the first
 * button of its form, until a redirect or a page that moves on by itself leaves for the client. (The pages themselves are tested in Chromium.)
 */

interface Page {
  url: string;
  html: string;
}

/** Enough for consent, sign-in and callback. */
const MAX_STEPS = 12;

export interface PersonOptions {
  /** Called for each page; may return further form values, such as a choice. */
  onPage?: (page: Page) => Record<string, string> | undefined;
  fetch?: typeof fetch;
}

/**
 * @param start the authorization URL
 * @param redirectUri where the client waits
 * @returns the URL that the browser was sent to at the end, with `code` or `error`
 */
export async function signIn(start: string, redirectUri: string, options: PersonOptions = {}): Promise<URL> {
  const jar = new Map<string, string>();
  const go = options.fetch ?? fetch;
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const response = await go(url, {
      redirect: 'manual',
      headers: {
        accept: 'text/html',
        cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form ? { origin: new URL(url).origin, 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(form ? { method: 'POST', body: form.toString() } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) keep(jar, cookie);
    const location = response.headers.get('location');
    if (location !== null) {
      url = new URL(location, url).href;
      if (url.startsWith(redirectUri)) return new URL(url);
      form = undefined;
      await response.body?.cancel();
      continue;
    }
    const html = await response.text();
    const found = onwards({ url, html });
    if (found === undefined) throw new Error(`${response.status} at ${url}, and no way on:\n${html}`);
    if (found instanceof URL) {
      if (found.href.startsWith(redirectUri)) return found;
      url = found.href;
      form = undefined;
      continue;
    }
    const extra = options.onPage?.({ url, html }) ?? {};
    for (const [name, value] of Object.entries(extra)) found.values.set(name, value);
    ({ action: url, values: form } = found);
  }
  throw new Error(`still not back at ${redirectUri} after ${MAX_STEPS} steps`);
}

/** The page's form with its first button pressed, or where the page goes by itself. */
function onwards(page: Page): { action: string; values: URLSearchParams } | URL | undefined {
  const refresh = /<meta http-equiv="refresh" content="\d+; ?url=([^"]*)"/i.exec(page.html)?.[1];
  if (refresh !== undefined) return new URL(decode(refresh), page.url);
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/i.exec(page.html);
  if (form === null) return undefined;
  const values = new URLSearchParams();
  for (const [, tag = ''] of (form[2] ?? '').matchAll(/<input\b([^>]*)>/g)) {
    const name = attribute(tag, 'name');
    const type = attribute(tag, 'type') ?? 'text';
    const pressed = !['checkbox', 'radio'].includes(type) || /\bchecked\b/.test(tag);
    if (name !== undefined && pressed) values.append(name, attribute(tag, 'value') ?? '');
  }
  const button = /<button\b([^>]*)>/.exec(form[2] ?? '')?.[1] ?? '';
  const name = attribute(button, 'name');
  if (name !== undefined) values.append(name, attribute(button, 'value') ?? '');
  return { action: new URL(attribute(form[1] ?? '', 'action') ?? '', page.url).href, values };
}

function attribute(tag: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}="([^"]*)"`).exec(tag);
  return match ? decode(match[1] ?? '') : undefined;
}

function decode(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

function keep(jar: Map<string, string>, cookie: string): void {
  const [pair = ''] = cookie.split(';');
  const mark = pair.indexOf('=');
  const name = pair.slice(0, mark);
  if (/max-age=0|expires=thu, 01 jan 1970/i.test(cookie)) jar.delete(name);
  else jar.set(name, pair.slice(mark + 1));
}
