import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startHttpsSite, type HttpsSite } from '../../helpers/https-site.ts';
import { PUBLIC_ADDRESS, startFetchs } from './support.ts';

let site: HttpsSite;
beforeAll(async () => {
  site = await startHttpsSite();
});
afterAll(() => site.close());

const guardOf = ({ port, ca }: { port: number; ca?: string }) => ({
  resolve: async () => [{ address: PUBLIC_ADDRESS, family: 4 }],
  standIns: new Map([[PUBLIC_ADDRESS, '127.0.0.1']]),
  port,
  ...(ca !== undefined && { ca }),
});

describe('over https', () => {
  it('a page is fetched, with the name of its host', async () => {
    const { fetch } = await startFetchs({ guard: guardOf(site) });
    site.answers.set('/', (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('safe'),
    );
    expect(await fetch({ url: 'https://app.example/' })).toMatchObject({ data: { content: 'safe' } });
    expect(site.requests.at(-1)?.headers.host).toBe('app.example');
  });

  it.each([
    ['of an authority that nobody knows', 'https://app.example/', () => guardOf({ port: site.port })],
    ['of another name', 'https://foreign.example/', () => guardOf(site)],
  ])('a certificate %s is refused, and nothing is sent', async (_, url, guard) => {
    const { fetch } = await startFetchs({ guard: guard(), ignoreRobots: true });
    const before = site.requests.length;
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { text, failed } = await fetch({ url, headers: { authorization: 'Bearer t' } });
    expect([failed, text]).toEqual([true, expect.stringContaining('is not secure')]);
    expect(site.requests).toHaveLength(before);
  });
});
