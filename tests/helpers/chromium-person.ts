/** A person in a real browser, who agrees to whatever an application asks. */
import type { Browser } from 'playwright-core';

/** Enough for consent, a choice of provider and sign-in. */
const MAX_PAGES = 8;

/**
 * Opens an authorization URL and presses the affirmative button of each of the issuer's pages, until the browser is back
 * at the application.
 *
 * @param url the authorization URL, on the issuer's origin
 * @returns the headings of the pages where the person had to press something
 */
export async function agreeInChromium(browser: Browser, url: string): Promise<string[]> {
  const { origin } = new URL(url);
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    const button = page.locator('main form button:not([value="deny"])').first();
    const back = page.waitForURL((next) => next.origin !== origin).then(() => 'back' as const);
    const seen: string[] = [];
    while ((await Promise.race([back, button.waitFor().then(() => 'page' as const)])) === 'page') {
      if (seen.length === MAX_PAGES) throw new Error(`still at ${page.url()} after ${seen.join(', ')}`);
      seen.push((await page.locator('h1').first().innerText()).trim());
      await Promise.all([page.waitForEvent('framenavigated'), button.click()]);
    }
    return seen;
  } finally {
    await context.close();
  }
}
