import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGuardedFetch, type GuardOptions } from '../../runtime/net/guarded-fetch.ts';
import { json, startHttpsSite, type HttpsSite } from '../helpers/https-site.ts';

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_000 };

let site: HttpsSite;
/** Where nothing may come: counts what connects. */
let connections = 0;
const inside = createServer((socket) => {
  connections++;
  socket.destroy();
});
let insidePort = 0;

beforeAll(async () => {
  site = await startHttpsSite();
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  insidePort = (inside.address() as AddressInfo).port;
});
afterAll(async () => {
  await site.close();
  await new Promise((resolve) => inside.close(resolve));
});

const refused = (url: string, options: GuardOptions = {}) =>
  createGuardedFetch({ port: insidePort, ...options })(url, LIMITS).then(
    () => 'fetched',
    (error: { reason: string }) => error.reason,
  );
const leadsTo = (...addresses: string[]) => ({
  resolve: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
});

describe('the guard', () => {
  it('fetches over https, and gives status, headers and body', async () => {
    site.answers.set('/doc', json({ a: 'ä' }, { etag: '"1"' }));
    const response = await site.fetch('https://app.example/doc', {
      ...LIMITS,
      headers: { accept: 'application/json' },
    });
    expect(response.status).toBe(200);
    expect(response.header('etag')).toBe('"1"');
    expect(JSON.parse(response.body)).toEqual({ a: 'ä' });
    expect(site.requests.at(-1)?.headers).toMatchObject({
      host: 'app.example',
      accept: 'application/json',
      'accept-encoding': 'identity',
    });
    expect(site.requests.at(-1)?.headers).not.toHaveProperty('cookie');
  });

  it.each([
    'https://127.0.0.1/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://2130706433/x',
    'https://0x7f000001/x',
    'https://0/x',
    'https://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/x',
    'https://localhost/x',
  ])('opens no connection to %s', async (url) => {
    connections = 0;
    expect(await refused(url)).toBe('address');
    expect(connections).toBe(0);
  });

  it('opens no connection where any address of the name is not public', async () => {
    connections = 0;
    expect(await refused('https://evil.example/x', leadsTo('127.0.0.1'))).toBe('address');
    expect(await refused('https://evil.example/x', leadsTo('93.184.215.14', '127.0.0.1'))).toBe('address');
    expect(await refused('https://evil.example/x', leadsTo('::ffff:127.0.0.1'))).toBe('address');
    expect(await refused('https://evil.example/x', leadsTo())).toBe('address');
    expect(connections).toBe(0);
  });

  it('asks for the name once: a second answer of DNS changes nothing', async () => {
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    let asked = 0;
    const fetch = createGuardedFetch({
      resolve: async () => (answers[asked++] ?? []).map((address) => ({ address, family: 4 })),
      isAllowed: (address) => address === '127.0.0.1',
      port: site.port,
      ca: site.ca,
    });
    expect((await fetch('https://app.example/doc', LIMITS)).status).toBe(200);
    expect(asked).toBe(1);
    await expect(fetch('https://app.example/doc', LIMITS)).rejects.toMatchObject({ reason: 'address' });
  });

  it.each([
    'http://app.example/x',
    'https://app.example:8443/x',
    'https://u:p@app.example/x',
    'file:///etc/passwd',
    'x',
  ])('takes no URL like %s', async (url) => expect(await refused(url, leadsTo('127.0.0.1'))).toBe('url'));

  it('follows no redirect', async () => {
    site.answers.set('/away', (_request, response) =>
      response.writeHead(302, { location: 'https://app.example/doc' }).end(),
    );
    const before = site.requests.length;
    expect((await site.fetch('https://app.example/away', LIMITS)).status).toBe(302);
    expect(site.requests).toHaveLength(before + 1);
  });

  it('takes no certificate that it does not trust, or of another name', async () => {
    const options = { ...leadsTo('127.0.0.1'), isAllowed: () => true, port: site.port };
    expect(await refused('https://app.example/doc', options)).toBe('unreachable');
    expect(await refused('https://foreign.example/doc', { ...options, ca: site.ca })).toBe('unreachable');
  });

  it('stops at the largest size, also of a body without a length', async () => {
    site.answers.set('/large', json('x'.repeat(1_000)));
    site.answers.set('/endless', (_request, response) => {
      response.writeHead(200);
      const more = () => response.write('x'.repeat(10_000)) && setImmediate(more);
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    for (const path of ['/large', '/endless'])
      await expect(site.fetch(`https://app.example${path}`, LIMITS)).rejects.toMatchObject({
        reason: 'too-large',
      });
  });

  it('does not unpack anything, and reads UTF-8 only', async () => {
    site.answers.set('/packed', json({}, { 'content-encoding': 'gzip' }));
    site.answers.set('/latin1', (_request, response) => response.end(Buffer.from([0xe4])));
    for (const path of ['/packed', '/latin1'])
      await expect(site.fetch(`https://app.example${path}`, LIMITS)).rejects.toMatchObject({
        reason: 'encoding',
      });
  });

  it('gives up on a slow name, a slow answer and a body that trickles', async () => {
    site.answers.set('/silent', () => undefined);
    site.answers.set('/trickle', (_request, response) => void response.writeHead(200).write('{'));
    const limits = { ...LIMITS, timeoutMs: 100 };
    for (const path of ['/silent', '/trickle'])
      await expect(site.fetch(`https://app.example${path}`, limits)).rejects.toMatchObject({
        reason: 'unreachable',
      });
    const fetch = createGuardedFetch({ resolve: () => new Promise(() => undefined) });
    await expect(fetch('https://app.example/x', limits)).rejects.toMatchObject({ reason: 'unreachable' });
  });
});
