/** How much one fetch, and all of them together, may take. */

export interface FetchLimits {
  /** For all of it, from the wait for a place to the finished text. Milliseconds. */
  totalMs: number;
  maxRedirects: number;
  /** Of a body as it arrives. */
  maxWireBytes: number;
  /** Of a body when it is unpacked. */
  maxBodyBytes: number;
  /** Of an image that is handed on as one. */
  maxImageBytes: number;
  /** Of an answer's status line and headers together. */
  maxHeaderBytes: number;
  /** For one page to become Markdown. Milliseconds. */
  convertMs: number;
  /** For a site's robots.txt, with its redirects. Milliseconds. */
  robotsMs: number;
  /** Fetches at the same time. Further ones wait. */
  total: number;
  perUser: number;
  /** Of one user's that wait; further ones are refused. */
  waitingPerUser: number;
  /** Threads that convert pages. */
  workers: number;
  /** Such a thread ends when it has had nothing to do for so long. Milliseconds. */
  workerIdleMs: number;
  /** Progress is told no more often, and not before. Milliseconds. */
  progressEveryMs: number;
}

const MIB = 1024 * 1024;

export const FETCH_LIMITS: FetchLimits = {
  totalMs: 30_000,
  maxRedirects: 5,
  maxWireBytes: 5 * MIB,
  maxBodyBytes: 10 * MIB,
  maxImageBytes: MIB,
  maxHeaderBytes: 32 * 1024,
  convertMs: 10_000,
  robotsMs: 10_000,
  total: 16,
  perUser: 4,
  waitingPerUser: 16,
  workers: 2,
  workerIdleMs: 60_000,
  progressEveryMs: 1_000,
};
