import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  chromiumMissing,
  launchChromium,
  startLoopbackClient,
  watchConsole,
  type LoopbackClient,
} from '../../helpers/oauth-chromium.ts';
import { authorizeParameters, authorizeUrl, makePkce, registerClient } from '../../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';

const missing = chromiumMissing();

describe.skipIf(missing !== undefined)(
  `a signed-in person in Chromium${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let browser: Browser;
    let test: TestAuth;
    let listener: LoopbackClient;
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      [browser, test] = await Promise.all([launchChromium(), startTestAuth()]);
    }, 60_000);
    afterAll(async () => {
      await browser.close();
      await test.close();
    });
    beforeEach(async () => {
      listener = await startLoopbackClient();
      context = await browser.newContext();
      page = await context.newPage();
      complaints = watchConsole(page);
    });
    afterEach(async () => {
      expect(complaints).toEqual([]);
      await context.close();
      await listener.close();
    });

    async function open(): Promise<void> {
      const client = await registerClient(test.origin, { redirect_uris: [listener.redirectUri] });
      await page.goto(authorizeUrl(test.origin, authorizeParameters(test, client, makePkce())));
    }

    /** Goes on with the Tab key until the control has the focus. */
    async function tabTo(name: string): Promise<void> {
      for (let presses = 0; presses < 12; presses++) {
        await page.keyboard.press('Tab');
        if ((await page.evaluate<string>('document.activeElement.textContent')).trim() === name) return;
      }
      throw new Error(`the Tab key does not reach ${name}`);
    }

    async function signIn(): Promise<void> {
      await open();
      await tabTo('Allow');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Sign in on this computer' }).waitFor();
      await tabTo('Continue as alice');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${listener.redirectUri}**`);
    }

    it('signs in, is told so the next time, and signs out, with the keyboard alone', async () => {
      await signIn();
      await open();
      expect(await page.locator('.account').innerText()).toContain('Signed in as alice');
      await tabTo('Allow');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${listener.redirectUri}**`);
      await open();
      await tabTo('Sign out');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Sign out?' }).waitFor();
      await tabTo('Sign out');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
      await open();
      expect(await page.locator('.account').count()).toBe(0);
    });

    it('can be somebody else', async () => {
      await signIn();
      await open();
      await tabTo('Use another account');
      await page.keyboard.press('Enter');
      await page.locator('.account').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('button', { name: 'Continue as alice' }).waitFor();
    });

    it('has cookies that no script reads and no other site sends', async () => {
      await signIn();
      const cookies = await context.cookies(test.origin);
      expect(cookies.map(({ name, httpOnly, sameSite, path }) => [name, httpOnly, sameSite, path])).toEqual(
        expect.arrayContaining([
          ['mcpgw', true, 'Lax', '/'],
          ['mcpgw-session', true, 'Lax', '/'],
        ]),
      );
    });
  },
);
