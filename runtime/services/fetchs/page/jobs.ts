/** What is worked on away from the main thread, because a stranger's text says how long it takes. */
import type { Page } from './markdown.ts';

export interface PageJob {
  kind: 'page';
  bytes: Uint8Array;
  contentType?: string;
  /** Where the page came from. */
  url: string;
}

export interface RobotsJob {
  kind: 'robots';
  /** The text of the site's robots.txt. */
  rules: string;
  rulesUrl: string;
  /** The product token of our user agent (RFC 9309 §2.2.1). */
  product: string;
  url: string;
}

export interface JobResults {
  page: Page;
  /** Whether the site lets us. */
  robots: boolean;
}

export type Job = PageJob | RobotsJob;
