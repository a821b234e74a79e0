/**
 * Every key of `.env`, once: its validation, default, prompt, the comment in the generated file and the line in the
 * reference page all come from this schema. Rules between keys are in `rules.ts`.
 */
import { z } from 'zod';
import {
  boolean,
  cidrs,
  email,
  hostname,
  httpUrl,
  integer,
  list,
  optional,
  origins,
  text,
} from './fields.ts';
import { MIN_ROOT_SECRET_LENGTH } from './secrets.ts';

export interface KeyMeta {
  /** Heading that the key stands under. */
  group: string;
  /** The question in a few words. */
  title: string;
  /** One or two sentences: the comment in `.env` and the reference. */
  description: string;
  example: string;
  /** Never printed, never an argument; `.env` is 0600 because of these. */
  secret?: boolean;
}

const metas = z.registry<KeyMeta>();

function key<T extends z.ZodType>(type: T, meta: KeyMeta): T {
  metas.add(type, meta);
  return type;
}

const DAY = 86_400;
const GATEWAY = 'Gateway';
const TLS = 'TLS';
const SIGN_IN = 'Sign-in';
const SECRETS = 'Secrets';
const TOKENS = 'Lifetimes';
const MCP = 'MCP';
const STORE = 'Store';
const IMAGES = 'Container images';
const DOCUMENTS = 'Documents';

export const configSchema = z.object({
  ROUTING_MODE: key(z.enum(['subdomain', 'path']).default('subdomain'), {
    group: GATEWAY,
    title: 'Routing mode',
    description:
      'subdomain: each service has a host of its own (fetch.DOMAIN/mcp). path: one host, one certificate (DOMAIN/fetch/mcp). claude.ai has been seen to connect only to https://HOST/mcp, so only to subdomain mode.',
    example: 'subdomain',
  }),
  BASE_DOMAIN: key(hostname(), {
    group: GATEWAY,
    title: 'Domain',
    description: 'The public name. In subdomain mode auth.DOMAIN and SERVICE.DOMAIN must point here too.',
    example: 'mcp.example.com',
  }),
  TLS_MODE: key(z.enum(['acme', 'files', 'internal', 'off']).default('acme'), {
    group: TLS,
    title: 'TLS',
    description:
      "acme: certificates from Let's Encrypt or another ACME authority. files: a certificate of your own. internal: a local authority that mcpgw makes, for laptops and tests. off: plain HTTP behind another proxy that ends TLS (URLs stay https).",
    example: 'acme',
  }),
  ACME_EMAIL: key(optional(email()), {
    group: TLS,
    title: 'E-mail for certificates',
    description: 'The authority may write here about your certificates. Required when TLS_MODE is acme.',
    example: 'you@example.com',
  }),
  ACME_CHALLENGE: key(z.enum(['http-01', 'tls-alpn-01', 'dns-01']).default('http-01'), {
    group: TLS,
    title: 'ACME challenge',
    description:
      'How the authority sees that the names are yours. http-01: it connects to port 80, which must lead to HTTP_PORT. tls-alpn-01: to port 443, which must lead to HTTPS_PORT. dns-01: by a DNS record; needs no open port, and in subdomain mode gives one wildcard certificate.',
    example: 'http-01',
  }),
  ACME_STAGING: key(boolean().default(false), {
    group: TLS,
    title: "Let's Encrypt's staging",
    description:
      "true: certificates that nobody trusts, without Let's Encrypt's strict limits, to try a setup out.",
    example: 'true',
  }),
  ACME_CA_URL: key(
    optional(
      z
        .string()
        .refine(
          (url) => /^https:\/\//.test(url) && URL.canParse(url),
          'must be a URL that starts with https://',
        ),
    ),
    {
      group: TLS,
      title: 'ACME directory URL',
      description: "Of another ACME authority than Let's Encrypt.",
      example: 'https://ca.example.com/acme/acme/directory',
    },
  ),
  ACME_CA_CERT_FILE: key(optional(text()), {
    group: TLS,
    title: 'ACME authority certificate',
    description:
      'PEM file on this machine with the certificates that the ACME server itself is trusted by. Without it, those that every browser trusts.',
    example: './private-root.pem',
  }),
  ACME_CERT_HOURS: key(integer(1, 26_280, 'hours').default(2_160), {
    group: TLS,
    title: 'Hours a certificate lasts',
    description:
      'Hours. What your ACME authority issues; renewal is timed by it. From 24 on, renewed 6 hours before the end; from 144 on, 2 days; from 720 on, 10 days; from 2160 on, 30 days; below 24, 20 minutes.',
    example: '24',
  }),
  ACME_DNS_PROVIDER: key(optional(z.string().regex(/^[a-z][a-z0-9-]*$/, 'is not the name of a provider')), {
    group: TLS,
    title: 'DNS provider',
    description: 'dns-01 only: name of the provider, from the list at https://go-acme.github.io/lego/dns/.',
    example: 'cloudflare',
  }),
  ACME_DNS_VARIABLES: key(
    list()
      .refine(
        (names) => names.every((name) => /^[A-Z][A-Z0-9_]*$/.test(name)),
        'must be names like CF_DNS_API_TOKEN',
      )
      .default([]),
    {
      group: TLS,
      title: 'Variables of the DNS provider',
      description:
        'dns-01 only: names of the variables that the provider needs, separated by commas. The value of each stands in a line of its own here, in the environment, or in a file named by <NAME>_FILE; the container gets it as a secret file (<NAME>_FILE).',
      example: 'CF_DNS_API_TOKEN',
    },
  ),
  TLS_CERT_FILE: key(optional(text()), {
    group: TLS,
    title: 'Certificate file',
    description:
      'TLS_MODE files only: PEM file on this machine with the certificate for every host, and the chain behind it. mcpgw copies it; after a renewal run mcpgw generate.',
    example: '/etc/letsencrypt/live/mcp.example.com/fullchain.pem',
  }),
  TLS_KEY_FILE: key(optional(text()), {
    group: TLS,
    title: 'Key file',
    description:
      'TLS_MODE files only: PEM file with the private key of that certificate, without a passphrase.',
    example: '/etc/letsencrypt/live/mcp.example.com/privkey.pem',
  }),
  TRUSTED_PROXIES: key(cidrs().default([]), {
    group: TLS,
    title: 'Trusted proxies',
    description:
      'TLS_MODE off only: addresses (CIDR) of the proxy in front, whose X-Forwarded headers are believed.',
    example: '10.0.0.0/8',
  }),
  BIND_ADDRESS: key(z.union([z.ipv4(), z.ipv6()], 'is not an IP address').default('0.0.0.0'), {
    group: GATEWAY,
    title: 'Listen address',
    description: 'The address of this machine that the gateway listens on.',
    example: '127.0.0.1',
  }),
  HTTP_PORT: key(integer(1, 65_535).default(80), {
    group: GATEWAY,
    title: 'HTTP port',
    description: 'Port for plain HTTP: certificate challenges and the redirect to HTTPS.',
    example: '80',
  }),
  HTTPS_PORT: key(integer(1, 65_535).default(443), {
    group: GATEWAY,
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
      group: GATEWAY,
      title: 'Compose project',
      description: 'Prefix of every container, network and volume.',
      example: 'mcpgw',
    },
  ),
  CONTAINER_USER: key(
    z
      .string()
      .regex(/^[1-9]\d{0,9}:[1-9]\d{0,9}$/, 'must be UID:GID in numbers, neither of them 0')
      .default('10001:10001'),
    {
      group: GATEWAY,
      title: 'Container user',
      description:
        'UID:GID that every container runs as, and that owns the files in secrets/. mcpgw init takes yours, unless you are root.',
      example: '1000:1000',
    },
  ),
  AUTH_REPLICAS: key(integer(1, 8).default(2), {
    group: GATEWAY,
    title: 'Authorization servers',
    description:
      'Containers of the authorization server. With two or more, a restart or an upgrade of it fails no call.',
    example: '2',
  }),
  NETWORK_RANGE: key(
    z
      .string()
      .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'must be an IPv4 range like 10.201.0.0/20')
      .refine((range) => isNetworkRange(range), 'must be a network address with a prefix of /8 to /22')
      .default('10.201.0.0/20'),
    {
      group: GATEWAY,
      title: 'Network range',
      description:
        'IPv4 range that the small subnets of the containers are cut from. Must not overlap your own networks.',
      example: '10.201.0.0/20',
    },
  ),

  IDENTITY_PROVIDER: key(z.enum(['github', 'local']).default('github'), {
    group: SIGN_IN,
    title: 'Identity provider',
    description:
      'github: people sign in with GitHub. local: one button and no password; only where the gateway is reached through loopback.',
    example: 'github',
  }),
  GITHUB_CLIENT_ID: key(optional(text()), {
    group: SIGN_IN,
    title: 'GitHub client ID',
    description: 'Of the OAuth app (GitHub, Settings, Developer settings, OAuth Apps).',
    example: 'Ov23liAbCdEfGhIjKlMn',
  }),
  GITHUB_CLIENT_SECRET: key(optional(text()), {
    group: SIGN_IN,
    title: 'GitHub client secret',
    description: 'Of the same OAuth app.',
    example: '(40 hexadecimal characters)',
    secret: true,
  }),
  GITHUB_BASE_URL: key(httpUrl().default('https://github.com'), {
    group: SIGN_IN,
    title: 'GitHub base URL',
    description: 'For GitHub Enterprise Server: its own address.',
    example: 'https://github.example.com',
  }),
  ALLOWED_GITHUB_USERS: key(list().default([]), {
    group: SIGN_IN,
    title: 'Allowed users',
    description:
      'GitHub logins, separated by commas, any case. Empty: nobody. * alone: anybody with a GitHub account.',
    example: 'octocat,hubot',
  }),
  LOCAL_USER: key(text().default('local'), {
    group: SIGN_IN,
    title: 'Name of the local user',
    description: 'IDENTITY_PROVIDER local only: the name on the button.',
    example: 'alice',
  }),

  GATEWAY_JWT_SECRET: key(
    z.string().min(MIN_ROOT_SECRET_LENGTH, `must have at least ${MIN_ROOT_SECRET_LENGTH} characters`),
    {
      group: SECRETS,
      title: 'Root secret',
      description:
        'Root of the cookie, CSRF, context and at-rest keys. Changing it signs everybody out and makes stored keys unreadable.',
      example: '(43 random characters, made by mcpgw init)',
      secret: true,
    },
  ),
  JWT_PRIVATE_KEY_B64: key(optional(z.base64('is not base64')), {
    group: SECRETS,
    title: 'Signing key',
    description:
      'RSA private key (PKCS #8 PEM, base64 of the whole) that seeds an empty key set. From then on the store rules.',
    example: '(made by mcpgw init)',
    secret: true,
  }),
  REDIS_PASSWORD: key(optional(text()), {
    group: SECRETS,
    title: 'Redis password',
    description: 'Of the Redis in the stack.',
    example: '(32 random characters, made by mcpgw init)',
    secret: true,
  }),

  REDIS_URL: key(
    z
      .string()
      .regex(
        /^rediss?:\/\/[^@\s]+$/,
        'must be redis:// or rediss://, without a password (that is REDIS_PASSWORD)',
      )
      .default('redis://redis:6379/0'),
    {
      group: STORE,
      title: 'Redis URL',
      description:
        'Where the authorization server keeps clients and tokens. The default is the Redis in the stack.',
      example: 'redis://redis:6379/0',
    },
  ),

  ACCESS_TOKEN_LIFETIME: key(integer(60, 7 * DAY, 'seconds').default(DAY), {
    group: TOKENS,
    title: 'Access token lifetime',
    description: 'Seconds. Revocation reaches a token within a second, whatever its lifetime.',
    example: '86400',
  }),
  REFRESH_TOKEN_LIFETIME: key(integer(300, 365 * DAY, 'seconds').default(30 * DAY), {
    group: TOKENS,
    title: 'Refresh token lifetime',
    description: 'Seconds since it was last used.',
    example: '2592000',
  }),
  REFRESH_GRACE: key(integer(0, 3_600, 'seconds').default(120), {
    group: TOKENS,
    title: 'Refresh grace',
    description:
      'Seconds in which a client that lost the answer to a refresh gets the identical answer again.',
    example: '120',
  }),
  SESSION_TIMEOUT: key(integer(60, 7 * DAY, 'seconds').default(1_800), {
    group: TOKENS,
    title: 'Session timeout',
    description: 'Seconds without a request or an open stream after which an MCP session ends.',
    example: '1800',
  }),
  CLIENT_LIFETIME: key(integer(0, 3_650 * DAY, 'seconds').default(90 * DAY), {
    group: TOKENS,
    title: 'Client lifetime',
    description: 'Seconds after which a registered client must register again. 0: never.',
    example: '7776000',
  }),

  MCP_PROTOCOL_VERSION: key(z.enum(['2025-03-26', '2025-06-18', '2025-11-25']).default('2025-11-25'), {
    group: MCP,
    title: 'MCP protocol version',
    description: 'The version that health checks speak. Clients negotiate their own.',
    example: '2025-11-25',
  }),
  MCP_CORS_ORIGINS: key(origins().default(['*']), {
    group: MCP,
    title: 'Browser origins',
    description:
      'Origins whose pages may call the gateway, separated by commas. *: any, without credentials.',
    example: 'https://app.example.com',
  }),
  MCP_MAX_SESSIONS: key(integer(1, 100_000).default(100), {
    group: MCP,
    title: 'Sessions per service',
    description: 'Further ones are refused with 503 until one ends.',
    example: '100',
  }),
  MCP_MAX_SESSIONS_PER_USER: key(integer(1, 100_000).default(20), {
    group: MCP,
    title: 'Sessions per user and service',
    description: 'Further ones are refused with 429 until one ends.',
    example: '20',
  }),
  MCP_MAX_MESSAGE_BYTES: key(integer(65_536, 1_073_741_824, 'bytes').default(10_485_760), {
    group: MCP,
    title: 'Largest message',
    description: 'Bytes of one JSON-RPC message, either way.',
    example: '10485760',
  }),
  PRIVATE_USE_REDIRECTS: key(list().default(['cursor://anysphere.cursor-mcp/oauth/callback']), {
    group: MCP,
    title: 'Private-use redirects',
    description:
      'Redirect URIs with a scheme that has no dot which clients may register, separated by commas, exact.',
    example: 'cursor://anysphere.cursor-mcp/oauth/callback',
  }),

  SERVICE_DOCUMENTATION: key(optional(httpUrl()), {
    group: DOCUMENTS,
    title: 'Documentation URL',
    description: 'Named in the metadata (RFC 8414 service_documentation).',
    example: 'https://example.com/docs',
  }),
  OP_POLICY_URI: key(optional(httpUrl()), {
    group: DOCUMENTS,
    title: 'Policy URL',
    description: 'Named in the metadata (RFC 8414 op_policy_uri).',
    example: 'https://example.com/policy',
  }),
  OP_TOS_URI: key(optional(httpUrl()), {
    group: DOCUMENTS,
    title: 'Terms URL',
    description: 'Named in the metadata (RFC 8414 op_tos_uri).',
    example: 'https://example.com/terms',
  }),

  NODE_IMAGE: image('node:24-slim', 'Node'),
  PYTHON_IMAGE: image('python:3.13-slim', 'Python'),
  REDIS_IMAGE: image('redis:8-alpine', 'Redis'),
  TRAEFIK_IMAGE: image('traefik:v3.7', 'Traefik'),
});

function image(name: string, what: string) {
  return key(
    z
      .string()
      .regex(/^[a-z0-9][a-zA-Z0-9._/:@-]+$/, 'is not an image name')
      .default(name),
    {
      group: IMAGES,
      title: `${what} image`,
      description: `The ${what} image; may be pinned by digest.`,
      example: name,
    },
  );
}

function isNetworkRange(range: string): boolean {
  const [address = '', prefixText = ''] = range.split('/');
  const octets = address.split('.').map(Number);
  const prefix = Number(prefixText);
  if (octets.some((octet) => octet > 255) || prefix < 8 || prefix > 22) return false;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return value % 2 ** (32 - prefix) === 0;
}

/** The values of every key but `MCP_<SERVICE>_ENABLED`, typed. */
export type ConfigValues = z.output<typeof configSchema>;
export type ConfigKey = keyof ConfigValues;

/** The keys in the order in which they stand in `.env`. */
export const CONFIG_KEYS = Object.keys(configSchema.shape) as ConfigKey[];

/** @returns what there is to say about a key */
export function keyMeta(name: ConfigKey): KeyMeta {
  const meta = metas.get(configSchema.shape[name]);
  if (meta === undefined) throw new Error(`key ${name} has no description`);
  return meta;
}

/** @returns the default as it would be written in `.env`; undefined when the key has none */
export function keyDefault(name: ConfigKey): string | undefined {
  const type = configSchema.shape[name] as z.ZodType;
  if (!(type instanceof z.ZodDefault)) return undefined;
  const value = type.def.defaultValue as string | number | boolean | string[];
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** @returns the choices of a key that has a fixed set of values */
export function keyChoices(name: ConfigKey): string[] | undefined {
  const type = configSchema.shape[name] as z.ZodType;
  const inner = type instanceof z.ZodDefault ? (type.def.innerType as z.ZodType) : type;
  return inner instanceof z.ZodEnum ? inner.options.map(String) : undefined;
}

/** `echo-stateful` → `MCP_ECHO_STATEFUL_ENABLED` */
export function enabledKey(service: string): string {
  return `MCP_${service.toUpperCase().replaceAll('-', '_')}_ENABLED`;
}

/** The type of `MCP_<SERVICE>_ENABLED`. */
export const enabledSchema = boolean();
