/** Fetches one URL for one user, within all bounds: a place, the site's rules, redirects, the body, and text of it. */
import type { ConnectGuard } from '../../net/guarded-connect.ts';
import { FetchError } from './fetch-error.ts';
import { addressRule } from './http/allowed-hosts.ts';
import { readBody } from './http/body.ts';
import { nextHop, type Hop } from './http/redirects.ts';
import { send, type SendOptions, type SiteResponse } from './http/send.ts';
import type { FetchLimits } from './limits.ts';
import { readContent, type Content } from './page/content.ts';
import { JobError, Workers } from './page/workers.ts';
import { MAX_ROBOTS_BYTES, Robots, type RobotsAnswer } from './robots.ts';
import { Slots } from './slots.ts';

/** RFC 9309 §2.2.1: what a robots.txt calls us. */
export const PRODUCT = 'mcpgw-fetchs';

const ROBOTS_LIMITS = { maxWireBytes: MAX_ROBOTS_BYTES, maxBodyBytes: MAX_ROBOTS_BYTES, cut: true };

export interface FetcherOptions {
  limits: FetchLimits;
  /** mcpgw's. */
  version: string;
  /** Where sites may read who fetches from them. */
  documentation?: string;
  ignoreRobots: boolean;
  /** Names, addresses and ranges that may be fetched from though they are not public. */
  allowedHosts: readonly string[];
  /** Milliseconds since the epoch. */
  now: () => number;
  /** For tests. */
  guard?: ConnectGuard;
}

export interface Fetched extends Content {
  status: number;
  /** Where the answer came from, after redirects. */
  url: string;
}

export interface FetchContext {
  user: string;
  /** Aborts when the caller wants the answer no more. */
  signal: AbortSignal;
  /** Is told how many bytes have arrived, and of how many where the site says so. */
  onBytes: (received: number, total?: number) => void;
}

export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #guard: ConnectGuard;
  readonly #userAgent: string;
  readonly #slots: Slots;
  readonly #workers: Workers;
  readonly #robots: Robots | undefined;

  constructor(options: FetcherOptions) {
    const { limits, documentation } = options;
    this.#options = options;
    this.#guard = { isAllowed: addressRule(options.allowedHosts), ...options.guard };
    this.#userAgent = `${PRODUCT}/${options.version}${documentation === undefined ? '' : ` (+${new URL(documentation).href})`}`;
    this.#slots = new Slots(limits);
    this.#workers = new Workers({
      size: limits.workers,
      timeoutMs: limits.convertMs,
      idleMs: limits.workerIdleMs,
    });
    this.#robots = options.ignoreRobots ? undefined : this.#createRobots();
  }

  /**
   * @param raw leaves HTML as it is
   * @throws FetchError, also where it takes too long; the reason of the signal
   */
  async fetch(first: Hop, raw: boolean, context: FetchContext): Promise<Fetched> {
    const { totalMs } = this.#options.limits;
    const timeout = AbortSignal.timeout(totalMs);
    const signal = AbortSignal.any([context.signal, timeout]);
    try {
      const release = await this.#slots.acquire(context.user, signal);
      try {
        return await this.#follow(first, raw, { ...context, signal });
      } finally {
        release();
      }
    } catch (error) {
      if (error !== timeout.reason) throw error;
      throw new FetchError(
        `This took longer than ${totalMs / 1000} seconds, and was given up. Try again later.`,
      );
    }
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#workers.close();
  }

  async #follow(first: Hop, raw: boolean, context: FetchContext): Promise<Fetched> {
    const { signal, onBytes } = context;
    const read = async (hop: Hop, response: SiteResponse): Promise<Fetched> => ({
      status: response.status,
      url: hop.url.href,
      ...(await readContent(hop, response, {
        raw,
        limits: this.#options.limits,
        workers: this.#workers,
        signal,
        onBytes,
      })),
    });
    return this.#walk(first, signal, read, (url) => this.#robots?.assertAllowed(url, signal));
  }

  /** From hop to hop until an answer is none that leads on. */
  async #walk<T>(
    first: Hop,
    signal: AbortSignal,
    read: (hop: Hop, response: SiteResponse) => Promise<T>,
    assertAllowed: (url: URL) => Promise<void> | undefined,
  ): Promise<T> {
    const { maxRedirects } = this.#options.limits;
    let hop = first;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      await assertAllowed(hop.url);
      const current = hop;
      const outcome = await send(current, this.#sending(signal), async (response) => {
        const next = nextHop(current, response.status, response.header('location'));
        return next === undefined ? { done: await read(current, response) } : { next };
      });
      if ('done' in outcome) return outcome.done;
      hop = outcome.next;
    }
    throw new FetchError(`${first.url.host} redirects more than ${maxRedirects} times. Check the URL.`);
  }

  #sending(signal: AbortSignal): SendOptions {
    const { maxHeaderBytes, totalMs } = this.#options.limits;
    return { guard: this.#guard, userAgent: this.#userAgent, maxHeaderBytes, timeoutMs: totalMs, signal };
  }

  #createRobots(): Robots {
    return new Robots({
      fetch: (url, signal) => this.#fetchRobots(url, signal),
      isAllowed: async ({ text, url: rulesUrl }, url, signal) => {
        try {
          const job = { kind: 'robots', rules: text, rulesUrl, product: PRODUCT, url } as const;
          return await this.#workers.run(job, signal);
        } catch (error) {
          if (!(error instanceof JobError)) throw error;
          throw new FetchError(`${rulesUrl} is too complicated to tell what programs may fetch there.`);
        }
      },
      product: PRODUCT,
      now: this.#options.now,
    });
  }

  #fetchRobots(url: URL, nobodyWaits: AbortSignal): Promise<RobotsAnswer> {
    const signal = AbortSignal.any([nobodyWaits, AbortSignal.timeout(this.#options.limits.robotsMs)]);
    const hop: Hop = { url, method: 'GET', headers: { accept: 'text/plain,*/*;q=0.8' } };
    const read = async (_hop: Hop, { status, header, body }: SiteResponse): Promise<RobotsAnswer> => ({
      status,
      header,
      text:
        status === 200
          ? (await readBody(body, header('content-encoding'), ROBOTS_LIMITS)).toString('utf8')
          : '',
    });
    return this.#walk(hop, signal, read, () => undefined);
  }
}
