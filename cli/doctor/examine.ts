/** Everything that `up` needs of this machine and the world, before it starts. */
import { parse } from 'yaml';
import { z } from 'zod';
import { faultLine, type Fault } from '../../runtime/config/faults.ts';
import { topologyOf } from '../../runtime/config/load.ts';
import { callbackUrl, hostsOf } from '../../runtime/config/topology.ts';
import { psArgv } from '../compose/argv.ts';
import { parseContainers } from '../compose/containers.ts';
import { foreignFolder, foreignRemedy, foreignText } from '../compose/ownership.ts';
import { type ComposeProject, readProject } from '../compose/project.ts';
import { type Environment, type GatewayFolder, openFolder, renderSource } from '../gateway-folder.ts';
import { portOf } from '../net/http-client.ts';
import { render, type RenderSource } from '../render.ts';
import { tlsMaterial } from '../tls/material.ts';
import { type DoctorResult, failed, ok, skipped } from './check.ts';
import { checkClock, timeServers } from './checks/clock.ts';
import { checkDisk, checkDocker, checkMemory, type Engine } from './checks/docker.ts';
import { checkGithub } from './checks/github.ts';
import { namesResult } from './checks/names.ts';
import { dockerNetworks, networksResult } from './checks/networks.ts';
import { checkNode } from './checks/node.ts';
import { checkOidc } from './checks/oidc.ts';
import { portResult, publishedPorts } from './checks/ports.ts';
import { routesIn } from './cidr.ts';
import type { DoctorWorld } from './world.ts';

/** What there is to check with. */
interface Plan {
  source: RenderSource;
  project: ComposeProject;
  /** The rendered `compose.yaml`. */
  composeText: string;
}

/** @param folder absolute */
export async function diagnose(
  folder: string,
  environment: Environment,
  world: DoctorWorld,
): Promise<DoctorResult[]> {
  const { plan, result: configuration } = readPlan(folder, environment);
  const { results: docker, engine } = await checkDocker(world.run);
  const machine = [checkNode(world.nodeVersion), ...docker];
  if (plan === undefined) return [configuration, ...machine];
  const { values } = plan.source.config;
  const callback = callbackUrl(topologyOf(plan.source.config));
  const foreign = engine === undefined ? undefined : await foreignFolder(world.run, plan.project);
  const hasOwn = engine !== undefined && foreign === undefined;
  const [ports, names, clock, disk, github, oidc, networks] = await Promise.all([
    checkPorts(plan, world, hasOwn),
    checkNames(plan, world),
    checkClock(world.client, timeServers(values), world.now),
    diskResult(plan, world, folder, engine),
    checkGithub(world.client, values, callback),
    checkOidc(world.client, values, callback),
    checkNetworks(plan, world, { engine, hasOwn }),
  ]);
  const memory = checkMemory(memoryLimits(plan.composeText), engine);
  const project =
    foreign === undefined ? [] : [failed('project', foreignText(plan.project.name, foreign), foreignRemedy)];
  const here = [memory, disk, ...project, ...ports, networks];
  return [configuration, ...machine, ...here, names, clock, ...github, ...oidc];
}

function readPlan(folder: string, environment: Environment): { plan?: Plan; result: DoctorResult } {
  const check = 'configuration';
  try {
    const gateway: GatewayFolder = openFolder(folder);
    if (gateway.envText === undefined) {
      return { result: failed(check, `there is no .env in ${folder}`, 'make one: mcpgw init') };
    }
    const source = renderSource(gateway, gateway.envText, environment);
    // Certificates of the person's own are part of it.
    tlsMaterial(folder, source.config);
    const composeText = render(source).get('compose.yaml') ?? '';
    const plan = { source, composeText, project: readProject(folder, composeText) };
    return {
      plan,
      result: ok(
        check,
        `${source.config.services.length} services, ${source.config.values.ROUTING_MODE} mode`,
      ),
    };
  } catch (error) {
    const faults = (error as { faults?: Fault[] }).faults;
    if (!Array.isArray(faults)) throw error;
    return {
      result: failed(
        check,
        faults.map(faultLine).join('; '),
        'put it right in .env, or run mcpgw init again',
      ),
    };
  }
}

async function checkPorts(
  { source, project }: Plan,
  world: DoctorWorld,
  hasOwn: boolean,
): Promise<DoctorResult[]> {
  const { values } = source.config;
  const own = hasOwn ? await ownPorts(project, world) : [];
  return Promise.all(
    publishedPorts(values).map(async (published) => {
      const state = await world.port(values.BIND_ADDRESS, published.port);
      return portResult(published, values.BIND_ADDRESS, state, own.includes(published.port));
    }),
  );
}

/** Ports that Traefik of this gateway has now. */
async function ownPorts(project: ComposeProject, world: DoctorWorld): Promise<number[]> {
  const { code, stdout } = await world.run(psArgv(project));
  if (code !== 0) return [];
  return parseContainers(stdout).flatMap(({ ports }) =>
    ports.map((address) => portOf(new URL(`tcp://${address}`))),
  );
}

async function checkNames({ source }: Plan, { client }: DoctorWorld): Promise<DoctorResult> {
  const topology = topologyOf(source.config);
  const found = await Promise.all(
    hostsOf(topology).map(async (host) => {
      const addresses = await client.addresses(host, topology.port ?? 443).catch(() => []);
      return [host, addresses] as const;
    }),
  );
  return namesResult(topology, source.config.values.BIND_ADDRESS, new Map(found));
}

async function diskResult(
  { project }: Plan,
  world: DoctorWorld,
  folder: string,
  engine: Engine | undefined,
): Promise<DoctorResult> {
  const images = project.services.filter(({ dockerfile }) => dockerfile !== undefined).length;
  // With Docker Desktop the engine's folder is on a machine of its own: then only ours can be measured.
  for (const path of [engine?.rootFolder, folder]) {
    const free = path === undefined ? undefined : await world.freeBytes(path).catch(() => undefined);
    if (path !== undefined && free !== undefined) return checkDisk(free, path, images);
  }
  return skipped('disk', 'cannot be measured');
}

async function checkNetworks(
  { source, project }: Plan,
  world: DoctorWorld,
  { engine, hasOwn }: { engine: Engine | undefined; hasOwn: boolean },
): Promise<DoctorResult> {
  const docker = engine === undefined ? [] : await dockerNetworks(world.run, project.name);
  const routes = routesIn((await world.routes()) ?? '').map((cidr) => ({
    cidr,
    of: 'a route of this machine',
  }));
  const interfaces = world.addresses().map((cidr) => ({ cidr, of: 'an address of this machine' }));
  const own = docker.filter((network) => hasOwn && network.own).map(({ cidr }) => cidr);
  // Docker's networks first: they have a name that says more than their route.
  const others = [...docker.filter((network) => !hasOwn || !network.own), ...routes, ...interfaces];
  return networksResult(source.config.values.NETWORK_RANGE, own, others);
}

const limitsSchema = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      deploy: z
        .looseObject({
          replicas: z.number().default(1),
          resources: z.looseObject({ limits: z.looseObject({ memory: z.string() }) }).optional(),
        })
        .optional(),
    }),
  ),
});

/** @returns the limit of each container in MiB */
export function memoryLimits(composeText: string): number[] {
  const { services } = limitsSchema.parse(parse(composeText, { merge: true }));
  return Object.values(services).flatMap(({ deploy }) => {
    const mib = Number.parseInt(deploy?.resources?.limits.memory ?? '0', 10);
    return Array.from({ length: deploy?.replicas ?? 1 }, () => mib);
  });
}
