/** Each known way to make a server fetch from inside its network, tried against the guard as it runs. */
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../../../runtime/net/guarded-connect.ts';
import { page, PUBLIC_ADDRESS, redirect, startFetchs } from './support.ts';

/** A service on the inside: counts what connects. */
let connections = 0;
const inside = createServer((socket) => {
  connections += 1;
  socket.on('error', () => undefined).resume();
  socket.end('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nsecret');
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => inside.listen(0, '::', resolve));
  ({ port } = inside.address() as AddressInfo);
});
afterAll(() => new Promise((resolve) => inside.close(resolve)));
beforeEach(() => (connections = 0));

const leadsTo = (...answers: string[][]) => {
  let asked = 0;
  return async (): Promise<Address[]> => {
    const addresses = answers[Math.min(asked++, answers.length - 1)] ?? [];
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
};

const FORMS = [
  ...[
    '127.0.0.1',
    'localhost',
    'localhost.',
    '127.1',
    '127.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
  ],
  ...[
    '0177.0.0.1',
    '127.0.0.1.',
    '0',
    '0.0.0.0',
    '127.127.127.127',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '%31%32%37.0.0.1',
  ],
  ...['[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]'],
  ...[
    '[64:ff9b::7f00:1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fe80::1]',
    '[fd00::1]',
  ],
  ...['10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', '169.254.169.254', '2852039166', '0xa9fea9fe'],
  ...[
    '[fd00:ec2::254]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '168.63.129.16',
    '100.100.100.200',
  ],
  ...['192.0.0.192', '224.0.0.1', '255.255.255.255', '198.18.0.1', '[ff02::1]', '[2a00::5efe:7f00:1]'],
];

describe('no connection is opened', () => {
  it.each(FORMS)('to http://%s/', async (host) => {
    const { fetch } = await startFetchs({ guard: {} });
    const { text, failed } = await fetch({ url: `http://${host}:${port}/latest/meta-data/` });
    expect(failed, text).toBe(true);
    expect(text).not.toContain('secret');
    expect(connections).toBe(0);
  });

  it.each([
    ['one', [['127.0.0.1']]],
    ['one among public ones', [[PUBLIC_ADDRESS, '127.0.0.1']]],
    ['a mapped one', [['::ffff:127.0.0.1']]],
    ['one with a zone', [['fe80::1%lo']]],
    ['metadata of a cloud', [['169.254.169.254']]],
    ['none at all', [[]]],
  ])('where a name leads to %s', async (_, answers) => {
    const { fetch } = await startFetchs({ guard: { resolve: leadsTo(...answers) } });
    const { text, failed } = await fetch({ url: `http://inside.example:${port}/` });
    expect([failed, text]).toEqual([true, expect.stringContaining('does not lead to a public address')]);
    expect(text).not.toMatch(/127|169\.254/);
    expect(connections).toBe(0);
  });

  it('where the second answer of DNS is another one (rebinding): each connection asks, and is checked', async () => {
    const resolve = leadsTo([PUBLIC_ADDRESS], ['127.0.0.1']);
    const { fetch, site } = await startFetchs({
      guard: { resolve, standIns: new Map([[PUBLIC_ADDRESS, '127.0.0.1']]) },
      ignoreRobots: true,
    });
    site.answers.set('/', redirect('/again'));
    const { failed, text } = await fetch({ url: site.url('/', 'rebinding.example') });
    expect([failed, text]).toEqual([true, expect.stringContaining('does not lead to a public address')]);
    expect(site.requests.map(({ path }) => path)).toEqual(['/']);
  });

  it.each([
    ...['http://127.0.0.1:PORT/', '//localhost:PORT/', 'http://[::1]:PORT/', 'http://2130706433:PORT/'],
    ...['http://169.254.169.254/latest/meta-data/iam/', 'http://[::ffff:127.0.0.1]:PORT/'],
    ...[
      'file:///etc/passwd',
      'gopher://127.0.0.1:PORT/_x',
      'data:text/plain,secret',
      'javascript:1',
      'ftp://a.example/',
    ],
    ...['http://user:pass@site.example/', 'http://a.example:22/'],
  ])('after a redirect to %s', async (location) => {
    const { fetch, site } = await startFetchs({ ignoreRobots: true });
    site.answers.set('/', redirect(location.replace('PORT', String(port))));
    site.names.set('localhost', '127.0.0.1');
    const { failed, text } = await fetch({ url: site.url('/') });
    expect(failed, text).toBe(true);
    expect(text).not.toContain('secret');
    expect(connections).toBe(0);
  });

  it('after a redirect of robots.txt', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('/robots.txt', redirect(`http://127.0.0.1:${port}/robots.txt`));
    expect(await fetch({ url: site.url('/') })).toMatchObject({ failed: true });
    expect([connections, site.requests.length]).toEqual([0, 0]);
  });

  it('by a proxy that the environment names', async () => {
    const proxy = `http://127.0.0.1:${port}`;
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'])
      vi.stubEnv(name, proxy);
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    try {
      const { fetch, site } = await startFetchs();
      site.answers.set('/', page('direct', 'text/plain'));
      expect((await fetch({ url: site.url('/') })).text).toContain('direct');
      expect(connections).toBe(0);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('a URL', () => {
  it.each([
    ...[
      'file:///etc/passwd',
      'ftp://site.example/',
      'data:text/plain,x',
      'javascript:1',
      'blob:http://a.example/1',
    ],
    ...['http://user@site.example/', 'http://:pass@site.example/', 'http://public.example@127.0.0.1/'],
    ...[
      'http://site.example:25/',
      'http://site.example:22/',
      'https://site.example:6000/',
      'http://[fe80::1%25eth0]/',
    ],
    ...[
      '//site.example/',
      '/etc/passwd',
      '',
      'http://',
      'http://site.example:99999/',
      `http://a.example/${'a'.repeat(9_000)}`,
    ],
  ])('like %s is not fetched', async (url) => {
    const { fetch, site } = await startFetchs();
    expect(await fetch({ url })).toMatchObject({ failed: true });
    expect(site.requests).toEqual([]);
  });
});

describe('what the operator allows', () => {
  const names = (address: string) => async () => [{ address, family: 4 }];

  it('is fetched: a name, an address, a range', async () => {
    for (const [allowedHosts, host] of [
      [['wiki.corp.example'], 'wiki.corp.example'],
      [['127.0.0.1'], '127.0.0.1'],
      [['127.0.0.0/8'], 'anything.example'],
    ] as const) {
      const { fetch } = await startFetchs({
        allowedHosts,
        ignoreRobots: true,
        guard: { resolve: names('127.0.0.1') },
      });
      expect((await fetch({ url: `http://${host}:${port}/` })).text).toContain('secret');
    }
  });

  it('is nothing else: another name of the same address, a name below, a redirect from there', async () => {
    const { fetch, site } = await startFetchs({
      allowedHosts: ['wiki.corp.example'],
      ignoreRobots: true,
      guard: { resolve: names('127.0.0.1') },
    });
    site.answers.set('/', redirect(`http://127.0.0.1:${port}/`));
    for (const host of ['evil.example', 'a.wiki.corp.example', 'wiki.corp.example.evil.example', '127.0.0.1'])
      expect(await fetch({ url: `http://${host}:${port}/` })).toMatchObject({ failed: true });
    expect(await fetch({ url: `http://wiki.corp.example:${site.port}/` })).toMatchObject({ failed: true });
    expect([connections, site.requests.length]).toEqual([0, 1]);
  });

  it('does not lead a name to the metadata of a cloud', async () => {
    const { fetch } = await startFetchs({
      allowedHosts: ['wiki.corp.example'],
      guard: { resolve: names('169.254.169.254') },
    });
    const { text } = await fetch({ url: 'http://wiki.corp.example/' });
    expect(text).toContain('does not lead to a public address');
  });
});

describe('headers', () => {
  it.each([
    ...['Host', 'Connection', 'Transfer-Encoding', 'Content-Length', 'TE', 'Upgrade', 'Expect', 'Keep-Alive'],
    ...[
      'Proxy-Authorization',
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'Forwarded',
      'X-Real-IP',
      'Via',
      'User-Agent',
    ],
    ...['Metadata', 'Metadata-Flavor', 'X-aws-ec2-metadata-token', 'X-HTTP-Method-Override', 'X-User-Id'],
    ...['X-Mcpgw-Context', 'Accept-Encoding', 'Bad Name', 'x:y', '', 'ä'],
  ])('%s is refused', async (name) => {
    const { fetch, site } = await startFetchs();
    const { text, failed } = await fetch({ url: site.url('/'), headers: { [name]: 'x' } });
    expect([failed, text]).toEqual([true, expect.stringContaining('headers:')]);
    expect(site.requests).toEqual([]);
  });

  it.each(['a\r\nHost: evil.example', 'a\nb', 'a\0b', 'ä'])('a value like %j is refused', async (value) => {
    const { fetch, site } = await startFetchs();
    expect(await fetch({ url: site.url('/'), headers: { 'x-a': value } })).toMatchObject({ failed: true });
    expect(site.requests).toEqual([]);
  });

  it('that could be credentials stay behind where a redirect leaves the origin', async () => {
    const { fetch, site } = await startFetchs();
    site.answers.set('site.example/', redirect(site.url('/there', 'other.example')));
    site.answers.set('/there', page('there', 'text/plain'));
    const headers = {
      Authorization: 'Bearer t',
      Cookie: 'a=1',
      'X-Api-Key': 'k',
      'X-Other': 'o',
      Accept: 'text/plain',
    };
    const { data } = await fetch({ url: site.url('/'), headers });
    expect(data).toMatchObject({ content: 'there', url: site.url('/there', 'other.example') });
    const [first, second] = site.requests;
    expect(first?.headers).toMatchObject({ authorization: 'Bearer t', cookie: 'a=1', 'x-api-key': 'k' });
    for (const name of ['authorization', 'cookie', 'x-api-key', 'x-other'])
      expect(second?.headers).not.toHaveProperty(name);
    expect(second?.headers.accept).toBe('text/plain');
  });
});
