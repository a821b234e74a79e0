import { createSecretKey, type KeyObject } from 'node:crypto';
import { verifyContext, type CallerContext } from '../config/context.ts';

const MAX_CACHED = 1000;

/**
 * Remembers verified `X-Mcpgw-Context` values, so that the signature of a value that comes with every call is checked
 * once. Its expiry is checked each time.
 */
export class CallerVerifier {
  readonly #key: KeyObject;
  readonly #service: string;
  readonly #now: () => number;
  readonly #verified = new Map<string, CallerContext>();

  /** @param now milliseconds since the epoch */
  constructor(key: Uint8Array, service: string, now: () => number) {
    this.#key = createSecretKey(key);
    this.#service = service;
    this.#now = now;
  }

  /** @returns the caller, or undefined when the header is missing, forged, for another service or expired */
  verify(header: string | string[] | undefined): CallerContext | undefined {
    if (typeof header !== 'string') return undefined;
    const nowSeconds = this.#now() / 1000;
    const known = this.#verified.get(header);
    if (known !== undefined) {
      if (known.exp > nowSeconds) return known;
      this.#verified.delete(header);
      return undefined;
    }
    const context = verifyContext(header, this.#key, this.#service, nowSeconds);
    if (context === undefined) return undefined;
    if (this.#verified.size >= MAX_CACHED) this.#forgetOldest();
    this.#verified.set(header, context);
    return context;
  }

  #forgetOldest(): void {
    for (const oldest of this.#verified.keys()) {
      this.#verified.delete(oldest);
      return;
    }
  }
}
