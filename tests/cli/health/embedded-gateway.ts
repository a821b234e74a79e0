/** A real gateway of `mcpgw dev` in this process, with the two echo services: nothing is fetched. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { devCatalog, devConfig } from '../../../cli/dev/values.ts';
import type { GatewayEvent } from '../../../runtime/embedded/events.ts';
import {
  type EmbeddedGateway,
  type EmbeddedService,
  startEmbedded,
} from '../../../runtime/embedded/gateway.ts';

export interface TestGateway {
  folder: string;
  gateway: EmbeddedGateway;
  events: GatewayEvent[];
  close: () => Promise<void>;
}

/** @param more services beside them */
export async function startTestGateway(
  environment: Record<string, string> = {},
  more: EmbeddedService[] = [],
): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'mcpgw-test-'));
  const catalog = devCatalog(folder);
  const config = devConfig(folder, catalog, environment, ['echo-stateful', 'echo-stateless']);
  const events: GatewayEvent[] = [];
  const gateway = await startEmbedded({
    values: config.values,
    services: [
      ...[...catalog.services.values()]
        .filter(({ name }) => config.services.includes(name))
        .map((service) => ({ service })),
      ...more,
    ],
    stateFolder: join(folder, '.mcpgw'),
    fresh: false,
    host: 'localhost',
    port: 0,
    environment: {},
    secrets: {},
    onEvent: (event) => events.push(event),
  });
  let closed = false;
  const close = async () => {
    if (!closed) await gateway.close();
    closed = true;
  };
  onTestFinished(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  await gateway.settled;
  return { folder, gateway, events, close };
}
