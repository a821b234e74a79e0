/**
 * What ended elsewhere reaches the verified tokens at once: a token that a notice is about is asked for again at its next
 * use. The reading once a second stays behind it, since a notice may be lost.
 */
import type { Notice, Store } from '../../store/store.ts';
import type { VerifiedToken } from './verified-token.ts';

/**
 * All tokens are looked through for a notice, so those that come together share one look. In milliseconds: however many
 * notices somebody causes, this many looks are all that they cost.
 */
const TOGETHER_MS = 10;

/**
 * @param tokens all that are known
 * @returns how to stop it
 */
export function heedNotices(
  store: Pick<Store, 'subscribe'>,
  tokens: () => Iterable<VerifiedToken>,
): () => void {
  let heard: Notice[] = [];
  let timer: NodeJS.Timeout | undefined;

  const look = (): void => {
    timer = undefined;
    const notices = heard;
    heard = [];
    // Keys that changed are found out by the next reading, and so is all that may have been missed.
    const everything = notices.some(({ kind }) => kind === 'keys' || kind === 'all');
    const ended = new Set(
      notices.flatMap((notice) => ('id' in notice ? [`${notice.kind} ${notice.id}`] : [])),
    );
    for (const token of tokens()) {
      const { gid, client_id, sub } = token.claims;
      const isNamed =
        ended.size > 0 &&
        (ended.has(`grant ${gid}`) || ended.has(`client ${client_id}`) || ended.has(`user ${sub}`));
      if (!isNamed && !everything) continue;
      token.notices++;
      token.freshUntilMs = 0;
      // What is known to have changed is not trusted without the store either.
      if (isNamed) token.standingAtMs = -Infinity;
    }
  };

  const stop = store.subscribe((notice) => {
    heard.push(notice);
    timer ??= setTimeout(look, TOGETHER_MS).unref();
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
