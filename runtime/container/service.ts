/** The container of one MCP service: the proxy before its stdio server, or the native server. */
import {
  nativeEndpoint,
  proxiedEndpoint,
  remoteEndpoint,
  type ServiceEndpoint,
} from '../assembly/service-endpoint.ts';
import { basicEnvironment } from '../config/child-env.ts';
import { secretNames } from '../config/catalog.ts';
import { ConfigError } from '../config/faults.ts';
import { gather } from '../config/load.ts';
import { parseProcesses, processKeys } from '../config/process.ts';
import { configSchema } from '../config/schema.ts';
import { findCommand } from '../install/find-command.ts';
import { ownServer } from '../install/own-server.ts';
import { listenForMetrics } from '../metrics/listen.ts';
import { containerCatalog } from './catalog.ts';
import { containerLogger } from './log.ts';
import { METRICS_PORT, serve } from './serve.ts';

const CONTEXT_KEY = 'MCPGW_CONTEXT_KEY';

const limitsSchema = configSchema.pick({
  SESSION_TIMEOUT: true,
  MCP_MAX_SESSIONS: true,
  MCP_MAX_SESSIONS_PER_USER: true,
  MCP_MAX_CHILDREN: true,
  MCP_MAX_CHILDREN_PER_USER: true,
  MCP_SPARE_CHILDREN: true,
  MCP_MAX_MESSAGE_BYTES: true,
  MCP_CORS_ORIGINS: true,
  MCP_FETCHS_ALLOWED_HOSTS: true,
  MCP_FETCHS_IGNORE_ROBOTS: true,
  SERVICE_DOCUMENTATION: true,
});

/**
 * @param name of the service in the catalog
 * @param environment `MCPGW_CONTEXT_KEY_FILE` has the key of its signed header, `MCPGW_DATA_DIR` its data
 * @throws ConfigError
 */
export async function serveService(
  name: string,
  environment: Record<string, string | undefined>,
): Promise<void> {
  const logger = containerLogger(name);
  const service = containerCatalog(environment).services.get(name);
  if (service === undefined) throw new ConfigError([{ key: name, problem: 'is not in the catalog' }]);
  const texts = gather(environment, {}, [
    CONTEXT_KEY,
    ...secretNames(service),
    ...Object.keys(limitsSchema.shape),
    ...Object.values(processKeys(name)),
  ]);
  const own = parseProcesses(texts, [service]);
  if (own.faults.length > 0) throw new ConfigError(own.faults);
  const contextKey = texts[CONTEXT_KEY];
  if (contextKey === undefined)
    throw new ConfigError([{ key: `${CONTEXT_KEY}_FILE`, problem: 'is missing' }]);
  const options = {
    service,
    contextKey: new Uint8Array(Buffer.from(contextKey, 'base64url')),
    limits: limitsSchema.parse(texts),
    process: own.processes[name],
    dataFolder: environment.MCPGW_DATA_DIR ?? '/tmp/mcpgw',
    secrets: (secret: string) => texts[secret],
    environment: basicEnvironment(environment),
    logger,
  };
  const endpoint: ServiceEndpoint = await opened();
  const metrics = await listenForMetrics({ text: () => endpoint.metrics() }, METRICS_PORT);
  serve({
    listener: (request, response) => endpoint.handle(request, response),
    logger,
    close: async () => {
      await endpoint.close();
      await metrics.close();
    },
  });

  async function opened() {
    if (service?.kind === 'native') return nativeEndpoint(options);
    return service?.kind === 'remote' ? remoteEndpoint(options) : proxiedEndpoint(options, installed());
  }

  /** The image has the server on its PATH. */
  function installed() {
    const [command = '', ...args] = service?.command ?? [service?.package?.bin ?? ''];
    const own = ownServer(command);
    if (own !== undefined) return own;
    const file = findCommand(command, environment.PATH ?? '');
    if (file === undefined)
      throw new ConfigError([{ key: name, problem: `there is no ${command} in this image` }]);
    return { file, args };
  }
}
