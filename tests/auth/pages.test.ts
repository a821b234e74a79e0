import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGithubStandIn, type GithubStandIn } from '../helpers/github-stand-in.ts';
import {
  chromiumMissing,
  launchChromium,
  screenshot,
  startLoopbackClient,
  watchConsole,
  type LoopbackClient,
} from '../helpers/oauth-chromium.ts';
import {
  authorizeParameters,
  authorizeUrl,
  codeForm,
  makePkce,
  postToken,
  registerClient,
  type Pkce,
  type RegisteredClient,
} from '../helpers/oauth-flow.ts';
import { startTestAuth, type TestAuth } from '../helpers/oauth-server.ts';

const missing = chromiumMissing();
const CURSOR = 'cursor://anysphere.cursor-mcp/oauth/callback';

describe.skipIf(missing !== undefined)(
  `pages in Chromium${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let browser: Browser;
    let github: GithubStandIn;
    let withGithub: TestAuth;
    let local: TestAuth;
    let listener: LoopbackClient;
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      [browser, github, local] = await Promise.all([
        launchChromium(),
        startGithubStandIn({ id: 583231, login: 'alice' }),
        startTestAuth(),
      ]);
      withGithub = await startTestAuth({ github });
    }, 60_000);
    afterAll(async () => {
      await browser.close();
      await Promise.all([withGithub.close(), local.close()]);
      await github.close();
    });
    beforeEach(async () => {
      github.account = { id: 583231, login: 'alice' };
      listener = await startLoopbackClient();
      context = await browser.newContext();
      page = await context.newPage();
      complaints = watchConsole(page);
    });
    afterEach(async () => {
      await context.close();
      await listener.close();
    });

    async function open(
      test: TestAuth,
      metadata: Record<string, unknown> = {},
      parameters: Record<string, string | undefined> = {},
    ) {
      const client = await registerClient(test.origin, {
        client_name: 'Example Desktop',
        redirect_uris: [listener.redirectUri],
        ...metadata,
      });
      const pkce = makePkce();
      await page.goto(
        authorizeUrl(test.origin, { ...authorizeParameters(test, client, pkce), ...parameters }),
      );
      return { client, pkce };
    }

    async function redeem(
      test: TestAuth,
      { client, pkce }: { client: RegisteredClient; pkce: Pkce },
      answer: URLSearchParams,
    ) {
      const form = codeForm({ client, pkce, answer, redirectUri: client.redirect_uris[0] ?? '' } as never);
      return (await postToken(test, form)).status;
    }

    it('consent, the local button, and back to a client on loopback', async () => {
      const begun = await open(local);
      await screenshot(page, 'consent');
      await page.getByRole('button', { name: 'Allow' }).click();
      await screenshot(page, 'local');
      await page.getByRole('button', { name: 'Continue as alice' }).click();
      const answer = await listener.answer;
      expect(answer.get('state')).toBe('the state');
      expect(await redeem(local, begun, answer)).toBe(200);
      await page.waitForURL(`${listener.redirectUri}**`);
      expect(complaints).toEqual([]);
    });

    it('consent, GitHub, and back to a client on loopback', async () => {
      const begun = await open(withGithub);
      await page.getByRole('button', { name: 'Allow' }).click();
      expect(await redeem(withGithub, begun, await listener.answer)).toBe(200);
      await page.waitForURL(`${listener.redirectUri}**`);
      expect(complaints).toEqual([]);
    });

    it('denied, back to the client', async () => {
      await open(withGithub);
      await page.getByRole('button', { name: 'Deny' }).click();
      expect((await listener.answer).get('error')).toBe('access_denied');
      expect(complaints).toEqual([]);
    });

    it.each([
      ['local', () => local, 'Continue as alice'],
      ['GitHub', () => withGithub, undefined],
    ])('form-action stops no client with a private-use scheme (%s)', async (_name, test, button) => {
      const wanted = watchNavigations(page);
      await open(test(), { redirect_uris: [CURSOR] });
      await page.getByRole('button', { name: 'Allow' }).click();
      if (button !== undefined) await page.getByRole('button', { name: button }).click();
      await expect
        .poll(async () => (await wanted).find((url) => url.startsWith(CURSOR)))
        .toMatch(/[?&]code=/);
      // Where the browser cannot open it, the person still can.
      await screenshot(page, 'continue');
      expect(await page.getByRole('link', { name: 'continue by hand' }).getAttribute('href')).toMatch(
        /^cursor:.*code=/,
      );
      expect(complaints.filter((text) => /Content Security Policy|form-action/i.test(text))).toEqual([]);
    });

    it('form-action stops no client that sends the browser on', async () => {
      const app = await startLoopbackClient();
      const hopping = await startLoopbackClient(app.redirectUri);
      await open(local, { redirect_uris: [hopping.redirectUri] });
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('button', { name: 'Continue as alice' }).click();
      await page.waitForURL(app.redirectUri);
      expect(complaints).toEqual([]);
      await app.close();
      await hopping.close();
    });

    it('the person chooses services, with the keyboard', async () => {
      await open(local, {}, { resource: undefined });
      await page.getByRole('button', { name: 'Allow' }).click();
      expect(await page.getByRole('alert').textContent()).toContain('Choose at least one');
      await screenshot(page, 'choose');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Space');
      expect(await page.getByRole('checkbox', { name: 'Echo' }).isChecked()).toBe(true);
      await page.getByRole('button', { name: 'Allow' }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Continue as alice' }).waitFor();
      expect(complaints.filter((text) => !text.includes('400'))).toEqual([]);
    });

    it('invariant 15: a hostile name stays text', async () => {
      const name = `<script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover="alert(3)`;
      await open(local, { client_name: name });
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain(name);
      expect(await page.locator('script, img').count()).toBe(0);
      expect(complaints).toEqual([]);
    });

    it('invariant 15: no page can be framed', async () => {
      const { client, pkce } = await open(local);
      const url = authorizeUrl(local.origin, authorizeParameters(local, client, pkce));
      const outer = await context.newPage();
      const refusals = watchConsole(outer);
      await outer.goto(listener.redirectUri);
      await outer.setContent(`<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>`);
      await expect.poll(() => refusals.join()).toMatch(/frame-ancestors|X-Frame-Options/);
      expect(await outer.frames()[1]?.getByRole('button', { name: 'Allow' }).count()).toBe(0);
    });

    it('errors are pages: not on the list, unknown client, success without anything', async () => {
      github.account = { id: 7, login: 'mallory' };
      await open(withGithub);
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: 'You are signed in, but not allowed in' }).waitFor();
      expect(await page.getByRole('alert').textContent()).toContain('mallory');
      await screenshot(page, 'not-allowed');
      await page.getByRole('link', { name: 'Tell the application' }).click();
      expect((await listener.answer).get('error')).toBe('access_denied');
      await page.goto(`${withGithub.origin}/authorize?client_id=unknown`);
      expect(await page.getByRole('alert').textContent()).toContain('not registered here');
      await screenshot(page, 'error');
    });

    it('/success shows the code to copy', async () => {
      const redirect = `${local.origin}/success`;
      await open(local, { redirect_uris: [redirect] });
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('button', { name: 'Continue as alice' }).click();
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor();
      await page.waitForURL(`${redirect}?**`);
      expect(await page.locator('#code').textContent()).toBe(new URL(page.url()).searchParams.get('code'));
      await screenshot(page, 'success');
      expect(complaints).toEqual([]);
    });
  },
);

/** Every URL that the page's main frame was told to go to, also those that Chromium cannot open. */
async function watchNavigations(page: Page): Promise<string[]> {
  const urls: string[] = [];
  const session = await page.context().newCDPSession(page);
  await session.send('Page.enable');
  session.on('Page.frameRequestedNavigation', ({ url }) => urls.push(url));
  session.on('Page.frameScheduledNavigation', ({ url }) => urls.push(url));
  return urls;
}
