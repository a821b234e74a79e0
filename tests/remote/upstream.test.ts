/** The one request to a remote server. */
import { expect, test } from 'vitest';
import { DEFAULT_REMOTE_LIMITS } from '../../runtime/remote/limits.ts';
import { createUpstream } from '../../runtime/remote/upstream.ts';
import { listening } from './support.ts';

test("the operator's header goes in place of the gateway's own, however it is written", async () => {
  const seen: string[][] = [];
  const limits = DEFAULT_REMOTE_LIMITS;
  const server = await listening((req, res) => {
    seen.push(req.rawHeaders.filter((_, at) => /^user-agent$/i.test(req.rawHeaders[at - 1] ?? '')));
    res.writeHead(202).end();
  });
  const upstream = createUpstream({ url: server.origin, headers: { 'User-Agent': 'ours/1' } }, limits);
  await (await upstream.send({ method: 'GET', headers: {}, signal: AbortSignal.timeout(5_000) })).body.dump();
  await upstream.close();
  expect(seen).toEqual([['ours/1']]);
});
