/** Whether the range that subnets are cut from is nobody else's. */
import { z } from 'zod';
import type { RunDocker } from '../../compose/run.ts';
import { type DoctorResult, failed, ok } from '../check.ts';
import { contains, overlaps, parseRange } from '../cidr.ts';

const CHECK = 'networks';

/** A network that is there already. */
export interface OtherNetwork {
  cidr: string;
  /** For people: whose it is. */
  of: string;
}

const networkSchema = z.looseObject({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).nullish(),
  IPAM: z.looseObject({ Config: z.array(z.looseObject({ Subnet: z.string().optional() })).nullish() }),
});

/** @returns Docker's networks, and whether each is of this project */
export async function dockerNetworks(
  run: RunDocker,
  project: string,
): Promise<(OtherNetwork & { own: boolean })[]> {
  const listed = await run(['network', 'ls', '--quiet', '--no-trunc']);
  const ids = listed.stdout.split('\n').filter((id) => id !== '');
  if (listed.code !== 0 || ids.length === 0) return [];
  const { stdout } = await run(['network', 'inspect', '--format', '{{json .}}', ...ids]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const network = networkSchema.safeParse(JSON.parse(line));
      if (!network.success) return [];
      const { Name, Labels, IPAM } = network.data;
      const own = Labels?.['com.docker.compose.project'] === project;
      return (IPAM.Config ?? []).flatMap(({ Subnet }) =>
        Subnet === undefined ? [] : [{ cidr: Subnet, of: `Docker's network ${Name}`, own }],
      );
    });
}

/**
 * @param range `NETWORK_RANGE`
 * @param own subnets that this gateway has made from it
 * @param others routes, interfaces and Docker's networks, those of this gateway among them
 */
export function networksResult(range: string, own: string[], others: OtherNetwork[]): DoctorResult {
  const wanted = parseRange(range);
  const ours = own.flatMap((cidr) => parseRange(cidr) ?? []);
  // The host has a route to each of our own subnets while the stack runs.
  const foreign = others.filter(({ cidr }) => {
    const other = parseRange(cidr);
    return other !== undefined && !ours.some((subnet) => contains(subnet, other));
  });
  const isFree = (candidate: string) => {
    const block = parseRange(candidate);
    return block !== undefined && !foreign.some(({ cidr }) => overlaps(block, parseRange(cidr) ?? block));
  };
  if (wanted === undefined || isFree(range)) return ok(CHECK, `${range} is free`);
  const clashes = foreign.filter(({ cidr }) => overlaps(wanted, parseRange(cidr) ?? wanted));
  const detail = `${range} overlaps ${clashes.map(({ cidr, of }) => `${cidr} (${of})`).join(', ')}`;
  const free = CANDIDATES.find(isFree);
  const instead = free === undefined ? 'a range that is free' : `for instance ${free}`;
  return failed(CHECK, detail, `set NETWORK_RANGE in .env to ${instead}`);
}

/** Out of the way of what home and company networks use. */
const CANDIDATES = [
  ...Array.from({ length: 50 }, (_, index) => `10.${201 + index}.0.0/20`),
  ...Array.from({ length: 16 }, (_, index) => `172.${16 + index}.224.0/20`),
];
