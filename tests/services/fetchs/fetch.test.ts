import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LIST_TOOLS } from '../harness.ts';
import { page, startFetchs, type FetchAnswer } from './support.ts';

const ARTICLE = `<!doctype html><html><head><title>A  title</title></head><body><nav><a href="/x">Menu</a></nav>
<article><h1>Heading</h1><p>${'Words of the article. '.repeat(30)}</p><p>A <a href="../other?a=1#b">link</a>,
<img src="/i.png" alt="picture"> and <a href="javascript:alert(1)">script</a>.</p><script>alert(1)</script>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2|3</td></tr></table></article></body></html>`;

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

const contentOf = ({ data }: FetchAnswer) => data['content'];

describe('what is fetched', () => {
  it('comes as Markdown of the article of a page, with absolute links', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/a/page', page(ARTICLE));
    const { text, data, failed } = await fetch({ url: site.url('/a/page#here') });
    expect(failed, text).toBe(false);
    expect(text).toContain(`Contents of ${site.url('/a/page')}:\n`);
    expect(text).toContain(`[link](${site.url('/other?a=1#b')})`);
    expect(text).toContain(`![picture](${site.url('/i.png')})`);
    expect(text).toContain('| a | b |\n| --- | --- |\n| 1 | 2\\|3 |');
    expect(text).not.toMatch(/alert|Menu|<\w/);
    expect(data).toMatchObject({ status: 200, title: 'A title', contentType: 'text/html', truncated: false });
  });

  it('comes as it is with raw', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', page(ARTICLE));
    expect(contentOf(await fetch({ url: site.url('/'), raw: true }))).toBe(ARTICLE);
  });

  it.each([
    ['application/json', '{"a":  1}'],
    ['application/problem+json; charset=utf-8', '{}'],
    ['text/plain', 'a < b\n'],
    ['application/rss+xml', '<?xml version="1.0"?><rss/>'],
    ['image/svg+xml', '<svg/>'],
  ])('of type %s comes as it is', async (type, body) => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', page(body, type));
    expect(contentOf(await fetch({ url: site.url('/') }))).toBe(body);
  });

  it('without a type is what it looks like', async () => {
    const { fetch, site } = await startFetchs();
    const untyped = (body: string | Buffer) => page(body, 'application/octet-stream');
    site.answers.set('/html', untyped('\n<!DOCTYPE html><p>Hello <b>you</b>'));
    site.answers.set('/text', untyped('a <p> is no page'));
    site.answers.set('/binary', untyped(Buffer.from([1, 2, 3, 0])));
    expect(contentOf(await fetch({ url: site.url('/html') }))).toBe('Hello **you**');
    expect(contentOf(await fetch({ url: site.url('/text') }))).toBe('a <p> is no page');
    expect(await fetch({ url: site.url('/binary') })).toMatchObject({ failed: true });
  });

  it.each([
    'application/csv',
    'application/x-python',
    'application/vnd.github.raw',
    'binary/octet-stream',
    '*/*',
  ])('of a type like %s, which may be text, is looked at', async (type) => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', page('a,b\n1,2\n', type));
    expect(contentOf(await fetch({ url: site.url('/') }))).toBe('a,b\n1,2\n');
    site.answers.set('/', page(Buffer.from([1, 2, 3, 0]), type));
    expect((await fetch({ url: site.url('/') })).text).toContain('cannot be read as text');
    site.answers.set('/', (_request, response) =>
      response.writeHead(503, { 'content-type': type }).end(Buffer.from([1, 2, 3, 0])),
    );
    expect((await fetch({ url: site.url('/') })).data).toMatchObject({ status: 503, content: '' });
  });

  it('says so where there is nothing, and what may help', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set(
      '/app',
      page('<!doctype html><title>App</title><div id="root"></div><script src="a.js">'),
    );
    const { text, data } = await fetch({ url: site.url('/app') });
    expect(text).toMatch(/:\n<error>This page has no text before .* raw: true you get its HTML\.<\/error>$/);
    expect(data).toMatchObject({ title: 'App', content: '', length: 0, truncated: false });
    site.answers.set('/empty', page('', 'text/plain'));
    expect((await fetch({ url: site.url('/empty') })).text).toContain(':\n(no content)');
  });

  it('comes in parts, each saying where the next begins', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', page('0123456789', 'text/plain'));
    const first = await fetch({ url: site.url('/'), max_length: 4 });
    expect(first.text).toBe(
      `Contents of ${site.url('/')}:\n0123\n\n<error>Content truncated. Call the fetch tool with a start_index of 4 ` +
        'to get more content.</error>',
    );
    expect(first.data).toMatchObject({ length: 10, startIndex: 0, truncated: true, nextIndex: 4 });
    const last = await fetch({ url: site.url('/'), max_length: 6, start_index: 4 });
    expect(last.data).toMatchObject({ content: '456789', truncated: false });
    expect(last.data).not.toHaveProperty('nextIndex');
    const beyond = await fetch({ url: site.url('/'), start_index: 10 });
    expect(beyond.text).toContain('<error>No more content available.</error>');
  });

  it('is an image where it is small and one', async () => {
    const { fetch, site } = await startFetchs({ limits: { maxImageBytes: 100 } });
    site.answers.set('/small', page(PNG, 'image/png'));
    site.answers.set('/large', page(Buffer.concat([PNG, Buffer.alloc(100)]), 'image/png'));
    site.answers.set('/false', page('<html>', 'image/png'));
    const { content, data } = await fetch({ url: site.url('/small') });
    expect(content[1]).toEqual({ type: 'image', mimeType: 'image/png', data: PNG.toString('base64') });
    expect(data).toMatchObject({ contentType: 'image/png', content: '' });
    for (const path of ['/large', '/false'])
      expect(await fetch({ url: site.url(path) })).toMatchObject({ failed: true });
  });

  it('is refused where it is binary, and says what it was', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set(
      '/',
      page(Buffer.alloc(2 * 1024 * 1024), 'application/pdf', { 'content-length': '2097152' }),
    );
    const { text, failed } = await fetch({ url: site.url('/') });
    expect(failed).toBe(true);
    expect(text).toContain('application/pdf of 2 MiB');
  });

  it('is an error with its text where the status is one', async () => {
    const { fetch, site } = await startFetchs();
    const { text, data, failed } = await fetch({ url: site.url('/missing') });
    expect(failed).toBe(true);
    expect(text).toMatch(/answered with status 404[^]*nothing here/);
    expect(data).toMatchObject({ status: 404, content: 'nothing here' });
    site.answers.set('/binary', (_request, response) =>
      response.writeHead(500, { 'content-type': 'application/pdf' }).end('x'),
    );
    expect(await fetch({ url: site.url('/binary') })).toMatchObject({
      failed: true,
      data: { status: 500, content: '' },
    });
  });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('is unpacked from %s', async (coding, pack) => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', page(pack(Buffer.from('packed')), 'text/plain', { 'content-encoding': coding }));
    expect(contentOf(await fetch({ url: site.url('/') }))).toBe('packed');
  });

  it('is unpacked twice, no more, and not from what is damaged or unknown', async () => {
    const { fetch, site } = await startFetchs();
    const twice = gzipSync(gzipSync('packed'));
    const coded = (body: Buffer, coding: string) => page(body, 'text/plain', { 'content-encoding': coding });
    site.answers.set('/twice', coded(twice, 'gzip, gzip'));
    site.answers.set('/thrice', coded(gzipSync(twice), 'gzip, gzip, gzip'));
    site.answers.set('/damaged', coded(Buffer.from('no gzip'), 'gzip'));
    site.answers.set('/cut', coded(gzipSync('x'.repeat(1_000)).subarray(0, 15), 'gzip'));
    site.answers.set('/unknown', coded(Buffer.from('x'), 'compress'));
    expect(contentOf(await fetch({ url: site.url('/twice') }))).toBe('packed');
    for (const path of ['/thrice', '/damaged', '/cut', '/unknown']) {
      const { text, failed } = await fetch({ url: site.url(path) });
      expect([path, failed, text]).toEqual([path, true, expect.stringContaining('The body is ')]);
    }
  });

  it('is empty where nothing comes, though the headers say that it is packed', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', (_request, response) =>
      response.writeHead(404, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(),
    );
    expect((await fetch({ url: site.url('/') })).data).toMatchObject({ status: 404, content: '' });
  });
});

describe('a request', () => {
  it('is what the caller asks for', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', (request, response, body) => response.end(`${request.method} ${body}`));
    const headers = { 'Content-Type': 'application/json', 'X-Api-Key': 'k', Authorization: 'Bearer t' };
    const { data } = await fetch({ url: site.url('/'), method: 'POST', headers, body: '{"a":1}' });
    expect(data['content']).toBe('POST {"a":1}');
    expect(site.requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-api-key': 'k',
      authorization: 'Bearer t',
      'user-agent': 'mcpgw-fetchs/1.2.3',
    });
  });

  it('of HEAD gives the headers, but no cookies', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', (_request, response) =>
      response
        .writeHead(200, { 'x-a': 'b', 'set-cookie': 'secret=1', 'content-type': 'application/pdf' })
        .end(),
    );
    const { text, failed } = await fetch({ url: site.url('/'), method: 'HEAD' });
    expect(failed).toBe(false);
    expect(text).toContain('x-a: b');
    expect(text).not.toContain('secret');
  });

  it('says who we are, and where to read of it', async () => {
    const { fetch, site } = await startFetchs({ documentation: 'https://docs.example/fetchs' });
    await fetch({ url: site.url('/') });
    expect(site.requests[0]?.headers['user-agent']).toBe('mcpgw-fetchs/1.2.3 (+https://docs.example/fetchs)');
  });

  it('carries nothing of the gateway: no token, no identity, no context', async () => {
    const { fetch, site } = await startFetchs();
    await fetch({ url: site.url('/') });
    expect(Object.keys(site.requests[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(JSON.stringify(site.requests[0]?.headers)).not.toMatch(/alice|Bearer|eyJ/);
  });

  it('keeps no cookies from one to the next', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/', page('x', 'text/plain', { 'set-cookie': 'a=1' }));
    await fetch({ url: site.url('/') });
    await fetch({ url: site.url('/') });
    expect(site.requests[1]?.headers).not.toHaveProperty('cookie');
  });

  it.each([
    ['no URL', {}, 'url'],
    ['an unknown argument', { url: 'https://a.example', timeout: 1 }, 'timeout'],
    ['an unknown method', { url: 'https://a.example', method: 'TRACE' }, 'method'],
    ['max_length 0', { url: 'https://a.example', max_length: 0 }, 'max_length'],
    ['a negative start_index', { url: 'https://a.example', start_index: -1 }, 'start_index'],
    ['a body of GET', { url: 'https://a.example', body: 'x' }, 'no body'],
    ['a text that is no URL', { url: 'example.com' }, 'https://example.com'],
  ])('with %s is refused with what to do', async (_, args, words) => {
    const { fetch } = await startFetchs();
    const { text, failed } = await fetch(args);
    expect(failed).toBe(true);
    expect(text).toContain(words);
  });
});

it('the tool says what it takes and gives', async () => {
  const { post, headers } = await startFetchs();
  const { result } = (await (await post(LIST_TOOLS, headers('alice'))).json()) as never as {
    result: { tools: Record<string, { required: string[]; additionalProperties: boolean }>[] };
  };
  const [tool] = result.tools;
  expect(result.tools).toHaveLength(1);
  expect(tool?.['inputSchema']).toMatchObject({ required: ['url'], additionalProperties: false });
  expect(tool?.['outputSchema']?.required).toContain('content');
  expect(tool?.['annotations']).toMatchObject({ readOnlyHint: false, openWorldHint: true });
});
