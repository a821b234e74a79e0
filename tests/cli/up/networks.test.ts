import { describe, expect, it } from 'vitest';
import { readProject } from '../../../cli/compose/project.ts';
import {
  clearNetworks,
  discardOutdated,
  inTheWay,
  parseNetworks,
  removeStaleNetworks,
} from '../../../cli/up/networks.ts';

const engine = (key: string, subnet: string) => ({
  Name: `p_${key}`,
  Labels: { 'com.docker.compose.network': key },
  IPAM: { Config: [{ Subnet: subnet }] },
});
const text = (networks: object[]) => networks.map((network) => `${JSON.stringify(network)}\n`).join('');

describe('networks in the way', () => {
  const wanted = new Map([
    ['edge', '10.0.0.0/28'],
    ['service-b', '10.0.0.16/28'],
  ]);
  const names = (...present: [string, string][]) =>
    inTheWay(wanted, parseNetworks(text(present.map((one) => engine(...one))))).map(({ key }) => key);

  it('are none where all are as they should be, or are not made yet', () => {
    expect(names(['edge', '10.0.0.0/28'], ['service-b', '10.0.0.16/28'])).toEqual([]);
    expect(names()).toEqual([]);
  });
  it('are those that have moved, and those of former services whose place is given away', () => {
    expect(names(['service-b', '10.0.0.32/28'])).toEqual(['service-b']);
    expect(names(['service-a', '10.0.0.16/28'], ['service-c', '10.0.0.48/28'])).toEqual(['service-a']);
  });
  it('can be without labels and subnets', () => {
    expect(parseNetworks(text([{ Name: 'x', Labels: null, IPAM: { Config: null } }]))).toEqual([
      { name: 'x', key: '', subnets: [] },
    ]);
  });
});

/** @param answers by what an argv begins with */
function world(answers: Record<string, string>) {
  const ran: string[] = [];
  return {
    ran,
    world: {
      signal: new AbortController().signal,
      run: async (argv: string[]) => {
        const line = argv.join(' ');
        const known = Object.keys(answers).find((start) => line.startsWith(start));
        if (known === undefined) ran.push(line);
        return { code: 0, stdout: known === undefined ? '' : (answers[known] as string), stderr: '' };
      },
    },
  };
}

const IN_NETWORK = 'container ls --all --filter network=';
const OF_PROJECT = 'container ls --all --filter label=com.docker.compose.project=p ';

const project = readProject(
  '/g',
  `name: p
services:
  traefik: { healthcheck: {}, networks: [edge, service-b] }
  b: { healthcheck: {}, networks: [service-b] }
  auth: { healthcheck: {}, networks: [edge], deploy: { replicas: 2 } }
networks:
  edge: { ipam: { config: [{ subnet: 10.0.0.0/28 }] } }
  service-b: { ipam: { config: [{ subnet: 10.0.0.16/28 }] } }
  other:
`,
);

describe('clearing them', () => {
  it('takes the containers of the stack along, the edge last, and lets go of others', async () => {
    const { ran, world: fake } = world({
      'network ls': 'id1\nid2\n',
      'network inspect': text([engine('service-b', '10.0.0.32/28'), engine('edge', '10.0.0.0/28')]),
      [IN_NETWORK]: 'b1\tp-b-1\tp\tb\nt1\tp-traefik-1\tp\ttraefik\nx1\tprometheus\t\t\n',
      [OF_PROJECT]: 't1\ttraefik\tp_edge\n',
    });
    const cleared = await clearNetworks(fake, project);
    expect(ran).toEqual([
      'container stop --time 15 b1',
      'container rm b1',
      'network disconnect --force p_service-b t1',
      'network disconnect --force p_service-b x1',
      'network rm p_service-b',
    ]);
    expect(cleared).toEqual({
      networks: ['p_service-b'],
      outdated: ['t1'],
      notes: [expect.stringMatching(/docker network connect p_service-b prometheus$/)],
    });
    ran.length = 0;
    await discardOutdated(fake, cleared);
    expect(ran).toEqual(['container stop --time 15 t1', 'container rm t1']);
  });

  it('says of a network of a former service that it is gone', async () => {
    const { world: fake } = world({
      'network ls': 'id1\n',
      'network inspect': text([engine('service-a', '10.0.0.16/28')]),
      [IN_NETWORK]: 'x1\tprometheus\t\t\n',
      [OF_PROJECT]: '',
    });
    const { notes } = await clearNetworks(fake, project);
    expect(notes).toEqual(['prometheus was in the network p_service-a, which is gone']);
  });

  it('touches nothing where nothing is in the way, or nothing is there', async () => {
    const fine = world({
      'network ls': 'id1\n',
      'network inspect': text([engine('edge', '10.0.0.0/28')]),
      [OF_PROJECT]:
        't1\ttraefik\tp_service-b,p_edge,mine\nb1\tb\tp_service-b\na1\tauth\tp_auth\no1\told\tp_service-old\n',
    });
    expect(await clearNetworks(fine.world, project)).toEqual({ networks: [], outdated: [], notes: [] });
    const empty = world({ 'network ls': '', [OF_PROJECT]: '' });
    expect(await clearNetworks(empty.world, project)).toEqual({ networks: [], outdated: [], notes: [] });
    expect([...fine.ran, ...empty.ran]).toEqual([]);
  });
});

describe('a container that lost a network when an earlier up was stopped', () => {
  it.each([
    ['the edge, from which a network was taken that is gone', 't1\ttraefik\tp_edge'],
    ['the edge, from all', 't1\ttraefik\t'],
    ['one that was only half made', 't1\tb\t'],
  ])('is made anew: %s', async (_, line) => {
    const { ran, world: fake } = world({
      'network ls': 'id1\n',
      'network inspect': text([engine('edge', '10.0.0.0/28')]),
      [OF_PROJECT]: `${line}\n`,
    });
    const cleared = await clearNetworks(fake, project);
    expect(ran).toEqual([]);
    expect(cleared).toEqual({ networks: [], outdated: ['t1'], notes: [] });
    await discardOutdated(fake, cleared);
    expect(ran).toEqual(['container stop --time 15 t1', 'container rm t1']);
  });
});

describe('networks of services that are gone', () => {
  it('are removed, and no others', async () => {
    const present = [engine('service-a', '10.0.0.32/28'), engine('service-b', '10.0.0.16/28')];
    const { ran, world: fake } = world({
      'network ls': 'id1\nid2\nid3\n',
      'network inspect': text([...present, engine('mine', '172.20.0.0/16')]),
    });
    await removeStaleNetworks(fake, project);
    expect(ran).toEqual(['network rm p_service-a']);
  });
});
