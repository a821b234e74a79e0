/**
 * Networks that the engine has from before and that are in the way of those of the file: each has a subnet of its own,
 * and where one goes or another name sorts before it (`subnets.ts`), a subnet gets another network. Compose does not
 * move them; it ends with "Pool overlaps with other one on this address space".
 */
import { z } from 'zod';
import {
  connectionsArgv,
  disconnectArgv,
  leftOverArgv,
  networkContainersArgv,
  networksArgv,
  removeArgv,
  removeLeftOverArgv,
  stopArgv,
} from '../compose/argv.ts';
import type { ComposeProject } from '../compose/project.ts';
import { must, type World } from '../compose/steps.ts';

/** A network of the project, as the engine has it. */
export interface Network {
  /** In the engine. */
  name: string;
  /** In the Compose file. */
  key: string;
  subnets: string[];
}

const networkSchema = z.looseObject({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullable(),
  IPAM: z.looseObject({ Config: z.array(z.looseObject({ Subnet: z.string() })).nullable() }),
});

/** @param stdout of `network inspect`, an object a line */
export function parseNetworks(stdout: string): Network[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => networkSchema.parse(JSON.parse(line)))
    .map(({ Name, Labels, IPAM }) => ({
      name: Name,
      key: Labels?.['com.docker.compose.network'] ?? '',
      subnets: (IPAM.Config ?? []).map(({ Subnet }) => Subnet),
    }));
}

/**
 * @param wanted subnet by the name in the file
 * @returns those that must go before the file's can be made: with another subnet than they should have, or with one that
 *   another network should have
 */
export function inTheWay(wanted: ReadonlyMap<string, string>, present: Network[]): Network[] {
  const taken = new Set(wanted.values());
  return present.filter(({ key, subnets }) => {
    const own = wanted.get(key);
    return own === undefined ? subnets.some((subnet) => taken.has(subnet)) : !subnets.includes(own);
  });
}

/** What `clearNetworks` has left for later. */
export interface Cleared {
  /** Names of the networks that are gone. */
  networks: string[];
  /** Ids of containers that must be made anew, since networks of theirs are gone, or were when an earlier `up` was stopped. */
  outdated: string[];
  /** For the person: what somebody else's containers have lost. */
  notes: string[];
}

/**
 * Removes the networks that are in the way, with the containers of the stack in them. The edge alone stays for now: it
 * goes on serving what is in other networks until it is replaced.
 * @throws UserError
 */
export async function clearNetworks(world: World, project: ComposeProject): Promise<Cleared> {
  const outdated = new Set<string>();
  const notes: string[] = [];
  const blocking = inTheWay(project.networks, await presentNetworks(world, project.name));
  for (const { name, key } of blocking) {
    for (const { id, container, own, service } of await containersIn(world, project.name, name)) {
      if (own && service !== 'traefik') {
        await discard(world, id);
        continue;
      }
      await must(world, disconnectArgv(name, id));
      if (own) outdated.add(id);
      else
        notes.push(
          `${container} was in the network ${name}, ${movedText(name, container, project.networks.has(key))}`,
        );
    }
    await must(world, removeLeftOverArgv('network', [name]));
  }
  for (const id of await stranded(world, project)) outdated.add(id);
  return { networks: blocking.map(({ name }) => name), outdated: [...outdated], notes };
}

function movedText(network: string, container: string, moved: boolean): string {
  return moved ? `which has moved: docker network connect ${network} ${container}` : 'which is gone';
}

/**
 * Compose makes networks anew, but does not connect a container to them that is there already: one that has lost a network
 * would stay without it. Services with replicas are none of these: theirs go with their networks.
 */
async function stranded(world: World, project: ComposeProject): Promise<string[]> {
  const { stdout } = await must(world, connectionsArgv(project.name));
  const containers = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
  return containers.flatMap(([id = '', name, networks = '']) => {
    const service = project.services.find((one) => one.name === name);
    if (service === undefined || service.replicas > 1) return [];
    const has = new Set(networks.split(','));
    return service.networks.every((key) => has.has(`${project.name}_${key}`)) ? [] : [id];
  });
}

/** Removes containers, which are then made anew. */
export async function discardOutdated(world: World, { outdated }: Pick<Cleared, 'outdated'>): Promise<void> {
  for (const id of outdated) await discard(world, id);
}

/** Removes networks of services that the file does not have any more; one that somebody else is in stays. */
export async function removeStaleNetworks(world: World, project: ComposeProject): Promise<void> {
  const stale = (await presentNetworks(world, project.name))
    .filter(({ key }) => key.startsWith('service-') && !project.networks.has(key))
    .map(({ name }) => name);
  if (stale.length > 0) await world.run(removeLeftOverArgv('network', stale), { signal: world.signal });
}

async function presentNetworks(world: World, project: string): Promise<Network[]> {
  const { stdout } = await must(world, leftOverArgv('network', project));
  const ids = stdout.split('\n').filter((line) => line !== '');
  return ids.length === 0 ? [] : parseNetworks((await must(world, networksArgv(ids))).stdout);
}

async function containersIn(world: World, project: string, network: string) {
  const { stdout } = await must(world, networkContainersArgv(network));
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'))
    .map(([id = '', container = '', of, service]) => ({ id, container, own: of === project, service }));
}

async function discard(world: World, container: string): Promise<void> {
  await must(world, stopArgv(container));
  await must(world, removeArgv(container));
}
