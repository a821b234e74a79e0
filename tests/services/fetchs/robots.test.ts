import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { page, redirect, startFetchs } from './support.ts';

const rules = (text: string, more: Record<string, string> = {}) => page(text, 'text/plain', more);

describe('robots.txt', () => {
  it.each([
    ['everything', 'User-agent: *\nDisallow: /', '/page', false],
    ['us by name', 'User-agent: mcpgw-fetchs\nDisallow: /\n\nUser-agent: *\nAllow: /', '/page', false],
    ['another one', 'User-agent: other\nDisallow: /', '/page', true],
    ['a folder', 'User-agent: *\nDisallow: /private', '/private/page', false],
    ['another folder', 'User-agent: *\nDisallow: /private', '/page', true],
    ['all but a folder, the longest rule', 'User-agent: *\nDisallow: /\nAllow: /page', '/page', true],
    ['nothing', 'User-agent: *\nDisallow:', '/page', true],
    ['a pattern', 'User-agent: *\nDisallow: /*.pdf$', '/a.pdf', false],
    ['nothing that is understood', '<html>', '/page', true],
  ])('that forbids %s', async (_, text, path, allowed) => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/robots.txt', rules(text));
    site.answers.set(path, page('the page', 'text/plain'));
    const answer = await fetch({ url: site.url(path) });
    expect([answer.failed, site.requests.length]).toEqual([!allowed, allowed ? 1 : 0]);
    if (!allowed)
      expect(answer.text).toContain('does not let programs fetch this page (user agent mcpgw-fetchs)');
  });

  it('is not asked where the operator says so', async () => {
    const { fetch, site } = await startFetchs({ ignoreRobots: true });
    site.answers.set('/robots.txt', rules('User-agent: *\nDisallow: /'));
    site.answers.set('/', page('the page', 'text/plain'));
    expect(await fetch({ url: site.url('/') })).toMatchObject({ failed: false });
    expect(site.robots.size).toBe(0);
  });

  it('counts for each place that a redirect leads to', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', redirect(site.url('/page', 'other.example')));
    site.answers.set('other.example/robots.txt', rules('User-agent: *\nDisallow: /page'));
    expect(await fetch({ url: site.url('/') })).toMatchObject({ failed: true });
    expect(site.requests.map(({ host }) => host)).toEqual(['site.example']);
  });

  it.each([
    [401, true],
    [404, true],
    [500, false],
    [503, false],
  ])('that answers %i', async (status, allowed) => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/robots.txt', (_request, response) => response.writeHead(status).end('Disallow: /'));
    site.answers.set('/', page('the page', 'text/plain'));
    const { failed, text } = await fetch({ url: site.url('/') });
    expect(failed).toBe(!allowed);
    if (!allowed) expect(text).toContain(`answers ${status}`);
  });

  it('that cannot be reached forbids everything, with the reason', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/robots.txt', (request) => request.socket.destroy());
    const { failed, text } = await fetch({ url: site.url('/') });
    expect([failed, text]).toEqual([true, expect.stringMatching(/broke off.*robots\.txt/)]);
    expect(site.requests).toEqual([]);
  });

  it('is read behind redirects, packed, and with a byte order mark', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/robots.txt', redirect(site.url('/rules', 'cdn.example')));
    const text = gzipSync('\ufeffUser-agent: *\nDisallow: /page');
    site.answers.set('cdn.example/rules', rules(text as never, { 'content-encoding': 'gzip' }));
    expect(await fetch({ url: site.url('/page') })).toMatchObject({ failed: true });
  });

  it('is asked once for an origin while it is fresh, also by many at once', async () => {
    const { fetch, site, clock } = await startFetchs();
    site.answers.set(
      '/robots.txt',
      rules('User-agent: *\nDisallow: /no', { 'cache-control': 'max-age=3600' }),
    );
    await Promise.all(['/a', '/b', '/c'].map((path) => fetch({ url: site.url(path) })));
    clock.advanceSeconds(3_599);
    await fetch({ url: site.url('/a') });
    expect(site.robots.get('site.example')).toBe(1);
    clock.advanceSeconds(2);
    await fetch({ url: site.url('/a') });
    expect(site.robots.get('site.example')).toBe(2);
    await fetch({ url: site.url('/a', 'other.example') });
    expect(site.robots.get('other.example')).toBe(1);
  });

  it('is read up to 512 KiB, and what is behind it counts for nothing', async () => {
    const { fetch, site } = await startFetchs();
    const filler = `# ${'x'.repeat(1_000)}\n`.repeat(600);
    site.answers.set('/robots.txt', rules(`User-agent: *\nDisallow: /early\n${filler}Disallow: /late\n`));
    site.answers.set('/late', page('late', 'text/plain'));
    expect(await fetch({ url: site.url('/early') })).toMatchObject({ failed: true });
    expect(await fetch({ url: site.url('/late') })).toMatchObject({ failed: false });
  });

  it('that would take for ever to understand forbids everything, and holds nobody else up', async () => {
    const { fetch, site } = await startFetchs({ limits: { convertMs: 1_000 } });
    const pattern = `/${'*a'.repeat(120)}b`;
    site.answers.set('/robots.txt', rules(`User-agent: *\n${`Disallow: ${pattern}\n`.repeat(2_000)}`));
    site.answers.set('other.example/robots.txt', rules(''));
    site.answers.set('other.example/', page('other', 'text/plain'));
    const [hostile, other] = await Promise.all([
      fetch({ url: site.url(`/${'a'.repeat(7_000)}`) }),
      fetch({ url: site.url('/', 'other.example') }),
    ]);
    expect([hostile.failed, hostile.text]).toEqual([true, expect.stringContaining('too complicated')]);
    expect(other).toMatchObject({ failed: false });
  });
});
