/** What an embedded gateway tells whoever runs it. */
export type GatewayEvent =
  | { event: 'fetching'; service: string; package: string }
  | { event: 'ready'; service: string; url: string }
  /** The service is not served; the rest is. */
  | { event: 'failed'; service: string; reason: string }
  | {
      event: 'log';
      level: 'debug' | 'info' | 'warn' | 'error';
      /** `auth`, `edge` or the service. */
      source: string;
      message: string;
      fields: Record<string, unknown>;
    };
