import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing, launchChromium, watchConsole } from '../../helpers/oauth-chromium.ts';
import { startTestAuth, type TestAuth } from '../../helpers/oauth-server.ts';
import { SAMPLE_PAGES } from '../../helpers/sample-pages.ts';

const missing = chromiumMissing();

/** Served from the origin of the real server, so that its stylesheet and its policy apply. */
const SAMPLES = '/samples/';

const VIEWS = [
  { colorScheme: 'light', width: 1024 },
  { colorScheme: 'dark', width: 320 },
] as const;

describe.skipIf(missing !== undefined)(
  `every page in Chromium${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let browser: Browser;
    let test: TestAuth;
    let policy: string;
    let views: { view: string; context: BrowserContext }[];
    beforeAll(async () => {
      [browser, test] = await Promise.all([launchChromium(), startTestAuth()]);
      views = await Promise.all(
        VIEWS.map(async ({ colorScheme, width }) => ({
          view: `${colorScheme} ${width}`,
          context: await browser.newContext({ colorScheme, viewport: { width, height: 700 } }),
        })),
      );
      const page = await fetch(`${test.origin}/success`);
      policy = page.headers.get('content-security-policy') ?? '';
    }, 60_000);
    afterAll(async () => {
      await browser.close();
      await test.close();
    });

    async function open(
      context: BrowserContext,
      name: string,
    ): Promise<{ page: Page; complaints: string[] }> {
      const page = await context.newPage();
      const complaints = watchConsole(page);
      await page.route(`**${SAMPLES}*`, (route) =>
        route.fulfill({
          contentType: 'text/html; charset=utf-8',
          headers: { 'content-security-policy': policy },
          body: (SAMPLE_PAGES.get(name) ?? '').replace(/<meta http-equiv="refresh"[^>]*>/, ''),
        }),
      );
      await page.goto(`${test.origin}${SAMPLES}${name}`);
      return { page, complaints };
    }

    it.each([...SAMPLE_PAGES.keys()])(
      '%s: accessible (axe-core, WCAG 2.2 AA and its best practices), no horizontal scroll, nothing refused',
      async (name) => {
        for (const { view, context } of views) {
          const { page, complaints } = await open(context, name);
          const { violations, passes } = await examine(page);
          expect(passes.map(({ id }) => id)).toContain('color-contrast');
          expect(
            violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
            view,
          ).toEqual([]);
          const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
          expect(overflow, view).toBeLessThanOrEqual(0);
          expect(complaints).toEqual([]);
          await page.close();
        }
      },
      60_000,
    );

    it('what can be pressed is large enough, also where it is narrow (WCAG 2.2, 2.5.8)', async () => {
      const context = await browser.newContext({ viewport: { width: 320, height: 700 } });
      for (const name of SAMPLE_PAGES.keys()) {
        const { page } = await open(context, name);
        for (const control of await page.locator('button, label.service').all()) {
          const box = await control.boundingBox();
          expect(Math.min(box?.height ?? 0, box?.width ?? 0), name).toBeGreaterThanOrEqual(24);
        }
      }
      await context.close();
    });

    it('nothing moves for a person who asked for that', async () => {
      for (const [reducedMotion, moving] of [
        ['reduce', 0],
        ['no-preference', 1],
      ] as const) {
        const context = await browser.newContext({ reducedMotion });
        const { page } = await open(context, 'continue');
        expect(await page.evaluate('document.getAnimations().length')).toBe(moving);
        await context.close();
      }
    });
  },
);

/** In the page, but past its policy: what the debugger evaluates is not held against it. */
async function examine(page: Page): Promise<axe.AxeResults> {
  await page.evaluate(axe.source);
  return page.evaluate<axe.AxeResults>('axe.run(document, { resultTypes: ["violations"] })');
}
