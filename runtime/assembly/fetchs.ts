import { ownVersion } from '../config/own-version.ts';
import { createFetchs } from '../services/fetchs/server.ts';
import type { NativeServiceOptions } from '../services/native.ts';
import type { EndpointLimits, ServiceEndpoint } from './service-endpoint.ts';

/** From the configuration to what `fetchs` is told. */
export function createConfiguredFetchs(
  options: NativeServiceOptions,
  values: EndpointLimits,
): ServiceEndpoint {
  const documentation = values.SERVICE_DOCUMENTATION;
  return createFetchs({
    ...options,
    version: ownVersion(),
    ...(documentation !== undefined && { documentation }),
    ignoreRobots: values.MCP_FETCHS_IGNORE_ROBOTS,
    allowedHosts: values.MCP_FETCHS_ALLOWED_HOSTS,
  });
}
