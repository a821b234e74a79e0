import type { NativeServiceOptions } from '../native.ts';
import type { EchoFacts } from './call.ts';
import { readVitals } from './vitals.ts';

/** What the tools may know of a service that runs with these options. */
export function factsOf(options: NativeServiceOptions): EchoFacts {
  const { service, allowedOrigins, environment, now = Date.now } = options;
  return { service, allowedOrigins, environment, now, vitals: readVitals };
}
