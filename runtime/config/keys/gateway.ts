/** Where the gateway is, and how its containers run. */
import { z } from 'zod';
import { hostname, integer } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const key = keysOf('Gateway');

export const gatewayKeys = {
  ROUTING_MODE: key(z.enum(['subdomain', 'path']).default('subdomain'), {
    title: 'Routing mode',
    description:
      'subdomain: each service has a host of its own (fetch.DOMAIN/mcp). path: one host, one certificate (DOMAIN/fetch/mcp). claude.ai has been seen to connect only to https://HOST/mcp, so only to subdomain mode.',
    example: 'subdomain',
  }),
  BASE_DOMAIN: key(hostname(), {
    title: 'Domain',
    description: 'The public name. In subdomain mode auth.DOMAIN and SERVICE.DOMAIN must point here too.',
    example: 'mcp.example.com',
  }),
  BIND_ADDRESS: key(z.union([z.ipv4(), z.ipv6()], 'is not an IP address').default('0.0.0.0'), {
    title: 'Listen address',
    description: 'The address of this machine that the gateway listens on.',
    example: '127.0.0.1',
  }),
  HTTP_PORT: key(integer(1, 65_535).default(80), {
    title: 'HTTP port',
    description: 'Port for plain HTTP: certificate challenges and the redirect to HTTPS.',
    example: '80',
  }),
  HTTPS_PORT: key(integer(1, 65_535).default(443), {
    title: 'HTTPS port',
    description: 'Port for HTTPS. One other than 443 appears in every URL.',
    example: '443',
  }),
  COMPOSE_PROJECT_NAME: key(
    z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, - and _')
      .default('mcpgw'),
    {
      title: 'Compose project',
      description:
        'Prefix of every container, network and volume. Each gateway on a machine needs one of its own.',
      example: 'mcpgw',
    },
  ),
  CONTAINER_USER: key(
    z
      .string()
      .regex(/^[1-9]\d{0,9}:[1-9]\d{0,9}$/, 'must be UID:GID in numbers, neither of them 0')
      .default('10001:10001'),
    {
      title: 'Container user',
      description:
        'UID:GID that every container runs as, and that owns the files in secrets/. mcpgw init takes yours, unless you are root.',
      example: '1000:1000',
    },
  ),
  AUTH_REPLICAS: key(integer(1, 8).default(2), {
    title: 'Authorization servers',
    description:
      'Containers of the authorization server. With two or more, a restart or an upgrade of it fails no call.',
    example: '2',
  }),
  EDGE_RATE_LIMIT: key(integer(0, 1_000_000, 'requests').default(500), {
    title: 'Requests per second',
    description:
      'Requests that Traefik takes from one address in a second, twice as many at once; more are answered 429. An open stream counts once. Generous, because hosted clients share addresses: the limits for each client and user are behind it. 0: none.',
    example: '500',
  }),
  RATE_LIMIT_FACTOR: key(integer(0, 1_000).default(1), {
    title: 'Rate limits',
    description:
      'The authorization server bounds registrations, sign-ins, guesses and refreshes by address, client and grant. Every limit is multiplied by this: 1 is made for some hundred people, 0 lifts them all.',
    example: '1',
  }),
  NETWORK_RANGE: key(
    z
      .string()
      .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'must be an IPv4 range like 10.201.0.0/20')
      .refine((range) => isNetworkRange(range), 'must be a network address with a prefix of /8 to /22')
      .default('10.201.0.0/20'),
    {
      title: 'Network range',
      description:
        'IPv4 range that the small subnets of the containers are cut from. Must not overlap your own networks.',
      example: '10.201.0.0/20',
    },
  ),
};

function isNetworkRange(range: string): boolean {
  const [address = '', prefixText = ''] = range.split('/');
  const octets = address.split('.').map(Number);
  const prefix = Number(prefixText);
  if (octets.some((octet) => octet > 255) || prefix < 8 || prefix > 22) return false;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return value % 2 ** (32 - prefix) === 0;
}
