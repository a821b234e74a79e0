/**
 * RFC 9309, the Robots Exclusion Protocol: what a site lets programs fetch. "If the server response indicates
 * unavailable" (4xx) everything is allowed, "if the robots.txt file is unreachable" (5xx, the network) nothing is.
 */
import { freshnessMs } from '../../net/http-freshness.ts';
import { FetchError } from './fetch-error.ts';

/** §2.5: "the parsing limit MUST be at least 500 kibibytes"; what comes behind it is not read. */
export const MAX_ROBOTS_BYTES = 512 * 1024;

/** How long a site that could not be asked is not asked again. (§2.4: other answers "for more than 24 hours" never.) */
const UNREACHABLE_MS = 30_000;

const MAX_ORIGINS = 500;
const MAX_CACHED_CHARACTERS = 4 * 1024 * 1024;

export interface RobotsAnswer {
  status: number;
  header: (name: string) => string | undefined;
  /** Empty unless the status is 200. */
  text: string;
}

export interface RobotsOptions {
  /** Fetches a robots.txt, redirects followed, through the guard and in a bounded time. */
  fetch: (url: URL, signal: AbortSignal) => Promise<RobotsAnswer>;
  /** Whether these rules allow a URL. */
  isAllowed: (rules: { text: string; url: string }, url: string, signal: AbortSignal) => Promise<boolean>;
  /** Product token, for messages. */
  product: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A robots.txt that is on its way, for all who wait for it. */
interface Loading {
  entry: Promise<Entry>;
  waiting: number;
  abort: AbortController;
}

interface Entry {
  /** Rules to be asked; empty where everything is allowed. */
  text: string;
  /** Why the site cannot be asked, in words for the caller. */
  unreachable?: string;
  untilMs: number;
}

export class Robots {
  readonly #options: RobotsOptions;
  /** By origin; the one that was asked for longest ago is first. */
  readonly #entries = new Map<string, Entry>();
  readonly #loading = new Map<string, Loading>();
  #characters = 0;

  constructor(options: RobotsOptions) {
    this.#options = options;
  }

  /** @throws FetchError where the site does not let us; the reason of `signal` */
  async assertAllowed(url: URL, signal: AbortSignal): Promise<void> {
    // §2.2.2: "The /robots.txt URI is implicitly allowed."
    if (url.pathname === '/robots.txt') return;
    const rulesUrl = new URL('/robots.txt', url);
    const { text, unreachable } = this.#known(url.origin) ?? (await this.#awaited(rulesUrl, signal));
    if (unreachable !== undefined)
      throw new FetchError(
        `${unreachable} (Asked for ${rulesUrl.href}: while it cannot be read, programs may fetch nothing there.)`,
      );
    if (text === '') return;
    if (await this.#options.isAllowed({ text, url: rulesUrl.href }, url.href, signal)) return;
    throw new FetchError(
      `${rulesUrl.href} does not let programs fetch this page (user agent ${this.#options.product}). ` +
        'Do not try it again in another way: ask the person to open the page, or look elsewhere.',
    );
  }

  #known(origin: string): Entry | undefined {
    const known = this.#entries.get(origin);
    if (known === undefined || known.untilMs <= this.#options.now()) return undefined;
    this.#entries.delete(origin);
    this.#entries.set(origin, known);
    return known;
  }

  /** Whoever leaves stops nobody else; when the last one has left, the site is not asked any more. */
  async #awaited(rulesUrl: URL, signal: AbortSignal): Promise<Entry> {
    const loading = this.#loading.get(rulesUrl.origin) ?? this.#load(rulesUrl);
    loading.waiting += 1;
    try {
      return await untilAborted(loading.entry, signal);
    } finally {
      loading.waiting -= 1;
      if (loading.waiting === 0) this.#leave(rulesUrl.origin, loading);
    }
  }

  #load(rulesUrl: URL): Loading {
    const abort = new AbortController();
    const entry = this.#ask(rulesUrl, abort.signal).then((asked) => {
      if (!abort.signal.aborted) this.#keep(rulesUrl.origin, asked);
      return asked;
    });
    const loading = { entry, waiting: 0, abort };
    this.#loading.set(rulesUrl.origin, loading);
    return loading;
  }

  #leave(origin: string, loading: Loading): void {
    loading.abort.abort();
    if (this.#loading.get(origin) === loading) this.#loading.delete(origin);
  }

  async #ask(rulesUrl: URL, signal: AbortSignal): Promise<Entry> {
    const now = this.#options.now();
    const unreachable = (reason: string) => ({
      text: '',
      unreachable: reason,
      untilMs: now + UNREACHABLE_MS,
    });
    try {
      const { status, header, text } = await this.#options.fetch(rulesUrl, signal);
      if (status >= 500) return unreachable(`${rulesUrl.host} answers ${status}. Try again later.`);
      return { text: status === 200 ? text : '', untilMs: now + freshnessMs(header) };
    } catch (error) {
      return unreachable(
        error instanceof FetchError
          ? error.message
          : `${rulesUrl.host} does not answer in time. Try again later.`,
      );
    }
  }

  #keep(origin: string, entry: Entry): void {
    this.#drop(origin);
    this.#entries.set(origin, entry);
    this.#characters += entry.text.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ORIGINS && this.#characters <= MAX_CACHED_CHARACTERS) return;
      this.#drop(oldest);
    }
  }

  #drop(origin: string): void {
    this.#characters -= this.#entries.get(origin)?.text.length ?? 0;
    this.#entries.delete(origin);
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
