/** POST: a client's messages, on their way to a remote server checked as everywhere. */
import { refuse, replyEmpty, replyJson } from '../proxy/http.ts';
import { type Posted, readPost } from '../proxy/read-post.ts';
import { type Asked, checkVersion, type RemoteDeps, sessionOf } from './deps.ts';
import { send } from './exchange.ts';
import { forwardedHeaders, headerMismatch } from './forwarded-headers.ts';
import { sortByRules } from './tool-access.ts';

export function handlePost(asked: Asked, deps: RemoteDeps): void {
  readPost(asked.req, asked.res, asked.caller, deps, (posted) => accept(asked, posted, deps));
}

function accept(asked: Asked, { accepts, parsed }: Posted, deps: RemoteDeps): void {
  const { req, res, caller } = asked;
  const { incoming, batch } = parsed;
  const single = batch ? undefined : incoming[0]?.message;
  const id = single?.kind === 'request' ? single.id : null;
  const found = sessionOf(asked, deps);
  // Also with the id of a session that is over: clients that are told 404 initialize again and forget to drop it.
  const isHandshake = single?.kind === 'request' && single.method === 'initialize';
  const known = found !== undefined && !('status' in found) ? found : undefined;
  const refusal =
    checkVersion(req) ??
    (single === undefined ? undefined : headerMismatch(req.headers, single)) ??
    (found !== undefined && 'status' in found && !isHandshake ? found : undefined);
  if (refusal !== undefined) return refuse(res, refusal, id);
  const { passed, refused } = sortByRules(incoming, caller.tools);
  if (passed.length === 0) return answerRefused(asked, refused, batch);
  const texts = passed.map(({ line }) => line.toString('utf8').trimEnd());
  void send(asked, deps, {
    session: known,
    opens: isHandshake && known === undefined,
    id,
    canStream: accepts.stream && id !== null && !isHandshake,
    headers: forwardedHeaders(req.headers, accepts, single),
    body: batch ? `[${texts.join(',')}]` : (texts[0] ?? ''),
    refused,
  });
}

function answerRefused({ res }: Asked, refused: string[], batch: boolean): void {
  if (refused.length === 0) return replyEmpty(res, 202);
  replyJson(res, 200, batch ? `[${refused.join(',')}]` : (refused[0] ?? ''));
}
