import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createDocuments, type Documents } from '../../../runtime/auth/clients/documents.ts';
import { TooManyRequestsError } from '../../../runtime/auth/errors.ts';
import { createMemoryStore } from '../../../runtime/store/memory.ts';
import type { Store } from '../../../runtime/store/store.ts';
import { createClientSites, type ClientSites, type Page } from '../../helpers/client-site.ts';
import { createTestClock, type TestClock } from '../../helpers/oauth-server.ts';

const URL = 'https://app.example/client.json';

let clock: TestClock;
let store: Store;
let sites: ClientSites;
let documents: Documents;

const replica = (): Documents => createDocuments({ store, fetch: sites.fetch, now: clock.now });
const serve = (page: Page | 'unreachable') => sites.pages.set(URL, page);

beforeEach(() => {
  clock = createTestClock();
  store = createMemoryStore({ now: clock.now });
  sites = createClientSites();
  documents = replica();
  serve({ body: { v: 1 }, headers: { 'cache-control': 'max-age=3600', etag: '"1"' } });
});

const body = async (of = documents) => (await of.get(URL)).body;

describe('documents on the sites of clients', () => {
  it('are kept as long as their headers say, for all replicas', async () => {
    expect(await body()).toBe('{"v":1}');
    serve({ body: { v: 2 } });
    clock.advance(3_599_999);
    expect(await body()).toBe('{"v":1}');
    expect(await body(replica())).toBe('{"v":1}');
    expect(sites.fetched).toHaveLength(1);
    clock.advance(1);
    expect(await body()).toBe('{"v":2}');
    expect(sites.fetched).toHaveLength(2);
  });

  it('are asked for again with their ETag, and an unchanged one is as good as new', async () => {
    await body();
    clock.advance(3_600_000);
    serve({ status: 304, headers: { 'cache-control': 'max-age=7200' }, body: '' });
    expect(await body()).toBe('{"v":1}');
    expect(sites.fetched.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    clock.advance(7_199_999);
    await body();
    expect(sites.fetched).toHaveLength(2);
  });

  it('are fetched once for those who ask at the same time', async () => {
    await Promise.all([body(), body(), body()]);
    expect(sites.fetched).toHaveLength(1);
  });

  it('serve for a day more while their site cannot be reached or has a fault', async () => {
    await body();
    clock.advance(3_600_000);
    serve('unreachable');
    expect(await body()).toBe('{"v":1}');
    clock.advance(30_000);
    serve({ status: 503, body: '' });
    expect(await body()).toBe('{"v":1}');
    clock.advance(86_400_000);
    await expect(body()).rejects.toMatchObject({ temporary: true });
  });

  it('are over when their site says so', async () => {
    await body();
    clock.advance(3_600_000);
    serve({ status: 404, body: '' });
    await expect(body()).rejects.toMatchObject({ temporary: false });
    clock.advance(30_000);
    serve('unreachable');
    await expect(body()).rejects.toMatchObject({ temporary: true });
  });

  it('that cannot be had are asked for every half minute at most, and not remembered longer', async () => {
    serve('unreachable');
    await expect(body()).rejects.toMatchObject({ temporary: true });
    serve({ body: { v: 3 } });
    clock.advance(29_999);
    await expect(body()).rejects.toMatchObject({ temporary: true });
    expect(sites.fetched).toHaveLength(1);
    clock.advance(1);
    expect(await body()).toBe('{"v":3}');
  });

  it.each([
    [{ status: 302, headers: { location: 'https://app.example/other' }, body: '' }, 'answers 302'],
    [{ body: '{}', headers: { 'content-type': 'text/html' } }, 'content type'],
    [{ body: '{}', headers: { 'content-type': 'application/jsonx' } }, 'content type'],
    [{ status: 304, body: '' }, 'answers 304'],
  ] as [Page, string][])('are not %j', async (page, message) => {
    serve(page);
    await expect(body()).rejects.toThrow(message);
  });

  it('may have a content type of their own that is JSON', async () => {
    serve({ body: '{}', headers: { 'content-type': 'Application/Vnd.Client+JSON; charset=utf-8' } });
    expect(await body()).toBe('{}');
  });

  it('are not a way to make us ask a site without end', async () => {
    const ask = async (url: string) => documents.get(url).catch((error: Error) => error.message);
    for (let index = 0; index < 30; index++) await ask(`https://victim.example/${index}`);
    expect(sites.fetched).toHaveLength(20);
    // Others are still asked; and what was not asked for did not fail.
    expect(await ask(URL)).toMatchObject({ url: URL });
    sites.pages.set('https://victim.example/29', { body: {} });
    await expect(documents.get('https://victim.example/29')).rejects.toThrow(TooManyRequestsError);
    clock.advance(1_000);
    expect(await ask('https://victim.example/29')).toMatchObject({ body: '{}' });
  });

  it('fill the store no further than their places, whoever has a site without end', async () => {
    const puts = vi.spyOn(store, 'putRecord');
    await documents.get(URL);
    for (let index = 0; index < 600; index++) {
      const url = `https://site-${index}.example/c`;
      sites.pages.set(url, { body: {} });
      // So long that each may be fetched, and the places that come meanwhile are few.
      clock.advance(200);
      expect((await documents.get(url)).body).toBe('{}');
    }
    expect(puts).toHaveBeenCalledTimes(500);
    // What has a place keeps it.
    clock.advance(3_600_000);
    await documents.get(URL);
    expect(puts.mock.lastCall?.[2]).toMatchObject({ url: URL });
  });

  it('that are there serve on where a caller asks for too many', async () => {
    await body();
    let refused = true;
    documents = createDocuments({
      ...{ store, fetch: sites.fetch, now: clock.now },
      admit: () => {
        if (refused) throw new TooManyRequestsError(1);
        return undefined;
      },
    });
    clock.advance(3_600_000);
    expect(await body()).toBe('{"v":1}');
    await expect(documents.get('https://other.example/c')).rejects.toThrow(TooManyRequestsError);
    expect(sites.fetched).toHaveLength(1);
    // That refusal was the caller's: the next one is not told of a failure.
    refused = false;
    sites.pages.set('https://other.example/c', { body: {} });
    expect((await documents.get('https://other.example/c')).body).toBe('{}');
  });

  it('are fetched anew for who misses something in them, every half minute at most', async () => {
    const known = await documents.get(URL);
    serve({ body: { v: 2 } });
    expect(await documents.renew(URL, known)).toBeUndefined();
    clock.advance(30_000);
    const renewed = await documents.renew(URL, known);
    expect(renewed?.body).toBe('{"v":2}');
    expect(await body()).toBe('{"v":2}');
    expect(renewed && (await documents.renew(URL, renewed))).toBeUndefined();
    expect(sites.fetched).toHaveLength(2);
  });
});
