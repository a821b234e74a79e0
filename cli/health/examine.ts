/** Looks at a gateway as a client does, from the name of its host to the tools of each service. */
import { z } from 'zod';
import { explainConnection } from '../net/explain.ts';
import type { Gateway, GatewayService } from '../net/gateway.ts';
import type { HttpClient } from '../net/http-client.ts';
import { oneLine } from '../net/one-line.ts';
import { UserError } from '../errors.ts';
import {
  type Checker,
  CheckFailure,
  type CheckName,
  type CheckResult,
  type Finding,
  createChecker,
  skipped,
} from './check.ts';
import { checkChallenge } from './checks/challenge.ts';
import {
  checkJwks,
  checkResourceMetadata,
  checkServerMetadata,
  readServerMetadata,
} from './checks/documents.ts';
import { checkDns, checkTls } from './checks/host.ts';
import { explainStart } from './explain-start.ts';
import { type McpSession, type McpTarget, openSession } from './mcp-session.ts';

export interface HealthReport {
  healthy: boolean;
  gateway: { kind: Gateway['kind']; issuer: string; store: Gateway['store'] };
  /** ISO 8601. */
  checkedAt: string;
  ms: number;
  checks: CheckResult[];
}

export interface HealthWorld {
  client: HttpClient;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A clock for durations, in milliseconds. */
  stopwatch: () => number;
}

/** Services that are asked at the same time: more would measure this machine instead of the gateway. */
const AT_ONCE = 4;

const GATEWAY = 'gateway';

/** What every check works with. */
interface Examination {
  gateway: Gateway;
  client: HttpClient;
  checker: Checker;
  now: () => number;
}

/** Never rejects: what cannot be asked is a failed check. */
export async function examine(gateway: Gateway, world: HealthWorld): Promise<HealthReport> {
  const checkedAt = new Date(world.now()).toISOString();
  const beganMs = world.stopwatch();
  const checker = createChecker(world.stopwatch, (error, subject) => explain(error, subject, gateway));
  const examination = { gateway, client: world.client, checker, now: world.now };
  // One after the other, so that what is started here does not count as the network's time.
  const hosts = await examineHosts(examination);
  const documents = await examineDocuments(examination, hosts.unreachable);
  const [store, tokens] = await Promise.all([
    checker.run('store', GATEWAY, () => askStore(gateway)),
    issueTokens(examination),
  ]);
  const services = await inTurns(gateway.services, (service) =>
    examineService(examination, service, hosts.unreachable, tokens.tokens?.[service.name]),
  );
  await tokens.end();
  const checks = [...hosts.results, ...documents, store, ...tokens.results, ...services.flat()];
  return {
    healthy: checks.every(({ state }) => state !== 'failed'),
    gateway: { kind: gateway.kind, issuer: gateway.issuer, store: gateway.store },
    checkedAt,
    ms: Math.round(world.stopwatch() - beganMs),
    checks,
  };
}

function explain(error: unknown, subject: string, gateway: Gateway) {
  if (error instanceof UserError) return { problem: error.message, remedy: '' };
  if (error instanceof z.ZodError) {
    return { problem: 'its answer is not as MCP has it', remedy: `see ${gateway.logs(subject)}` };
  }
  return explainConnection(error, gateway.up);
}

/** @returns the hosts (with port) that nothing more needs to be asked of */
async function examineHosts({ gateway, client, checker, now }: Examination) {
  const urls = [gateway.issuer, ...gateway.services.map(({ url }) => url)].map((url) => new URL(url));
  const hosts = [...new Map(urls.map((url) => [url.host, url])).values()];
  const unreachable = new Set<string>();
  const results = await Promise.all(
    hosts.map(async (url) => {
      const dns = await checker.run('dns', url.hostname, () => checkDns(client, url));
      const found = dns.state !== 'failed';
      const tls =
        url.protocol !== 'https:'
          ? []
          : [
              found
                ? await checker.run('tls', url.hostname, () => checkTls(client, url, now()))
                : skipped('tls', url.hostname, 'its name is unknown'),
            ];
      if ([dns, ...tls].some(({ state }) => state === 'failed')) unreachable.add(url.host);
      return [dns, ...tls];
    }),
  );
  return { results: results.flat(), unreachable };
}

async function askStore(gateway: Gateway): Promise<Finding> {
  const { status, body } = await gateway.admin(['ping']);
  const answer = z.looseObject({ ms: z.number() }).safeParse(body);
  if (status === 200 && answer.success) return { detail: 'answers auth', ms: answer.data.ms };
  throw storeDown(gateway);
}

/** Says the same wherever it is noticed, and so is told once. */
function storeDown({ logs }: Gateway): CheckFailure {
  return new CheckFailure('the store does not answer', `see ${logs('redis', 'auth')}`);
}

const issuedSchema = z.looseObject({ id: z.string(), tokens: z.record(z.string(), z.string()) });

/** One call for all services: each of them takes a process in the container. */
async function issueTokens({ gateway, checker }: Examination) {
  const found: { id?: string; tokens?: Record<string, string> } = {};
  const result = await checker.run('token', GATEWAY, async () => {
    const { status, body } = await gateway.admin(['issue', ...gateway.services.map(({ name }) => name)]);
    const answer = issuedSchema.safeParse(body);
    if (status === 503) throw storeDown(gateway);
    if (status !== 200 || !answer.success) {
      throw new CheckFailure(
        `the authorization server gave no token (${status})`,
        status === 400
          ? `it does not know every service of .env: run ${gateway.up}`
          : `see ${gateway.logs('auth')}`,
      );
    }
    Object.assign(found, answer.data);
    return { detail: '' };
  });
  return {
    // Only worth a line when it fails: then the services could not be asked.
    results: result.state === 'failed' ? [result] : [],
    tokens: found.tokens,
    end: async () => {
      // They end by themselves within the minute.
      if (found.id !== undefined) await gateway.admin(['end', found.id]).catch(() => undefined);
    },
  };
}

async function examineDocuments(
  { gateway, client, checker }: Examination,
  unreachable: Set<string>,
): Promise<CheckResult[]> {
  if (unreachable.has(new URL(gateway.issuer).host)) {
    return [skipped('discovery', GATEWAY, UNREACHABLE), skipped('jwks', GATEWAY, UNREACHABLE)];
  }
  let jwksUri = `${gateway.issuer}/.well-known/jwks.json`;
  const discovery = await checker.run('discovery', GATEWAY, async () => {
    const metadata = await readServerMetadata(client, gateway.issuer);
    const finding = checkServerMetadata(metadata, gateway);
    jwksUri = metadata.jwks_uri;
    return finding;
  });
  return [discovery, await checker.run('jwks', GATEWAY, () => checkJwks(client, jwksUri))];
}

const UNREACHABLE = 'its host cannot be reached';

async function examineService(
  examination: Examination,
  service: GatewayService,
  unreachable: Set<string>,
  token: string | undefined,
): Promise<CheckResult[]> {
  const { gateway, client, checker } = examination;
  const { name } = service;
  const skip = (detail: string, ...checks: CheckName[]) =>
    checks.map((check) => skipped(check, name, detail));
  if (unreachable.has(new URL(service.url).host)) {
    return skip(UNREACHABLE, 'metadata', 'challenge', 'initialize', 'tools');
  }
  const metadata = await checker.run('metadata', name, () => checkResourceMetadata(client, service, gateway));
  const challenge = await checker.run('challenge', name, () =>
    checkChallenge(client, service, gateway.protocolVersion),
  );
  const calls =
    token === undefined
      ? skip('there is no token to ask with', 'initialize', 'tools')
      : await examineCalls(examination, { ...service, token, logs: gateway.logs(name) });
  return [metadata, challenge, ...calls];
}

async function examineCalls(
  { gateway, client, checker }: Examination,
  target: McpTarget & GatewayService,
): Promise<CheckResult[]> {
  const held: { session?: McpSession } = {};
  const initialize = await checker.run('initialize', target.name, async () => {
    if (target.failed !== undefined)
      throw new CheckFailure(`it is not served: ${oneLine(target.failed, 500)}`, NOT_SERVED);
    try {
      held.session = await openSession(client, target, gateway.protocolVersion);
    } catch (error) {
      throw (await explainStart(client, target, error)) ?? error;
    }
    return { detail: `speaks ${held.session.protocolVersion}` };
  });
  const { session } = held;
  if (session === undefined) return [initialize, skipped('tools', target.name, 'there is no session')];
  const tools = session.hasTools
    ? await checker.run('tools', target.name, async () => ({ detail: count(await session.listTools()) }))
    : skipped('tools', target.name, 'it has none');
  await session.end();
  return [initialize, tools];
}

/** Only `mcpgw dev` serves the others. */
const NOT_SERVED = 'put that right, and start mcpgw dev again';

function count(names: string[]): string {
  return names.length === 1 ? '1 tool' : `${names.length} tools`;
}

/** Works on a few at a time. @returns in the order of the items */
async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    // One iterator for all workers: each takes the next item.
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
