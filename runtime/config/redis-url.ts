/**
 * What a Redis URL stands for. One server: `redis://host:port/db`. Behind Sentinels (which say where the master is):
 * `redis+sentinel://host:port,host:port/NAME/db`. A Cluster (any of its nodes): `redis+cluster://host:port,host:port`. With TLS
 * each begins with `rediss` instead of `redis`.
 */

export interface Address {
  host: string;
  port: number;
}

export type RedisTarget =
  | { kind: 'single'; tls: boolean; address: Address; db: number }
  /** `name` is that of the master, as the Sentinels have it. */
  | { kind: 'sentinel'; tls: boolean; sentinels: Address[]; name: string; db: number }
  | { kind: 'cluster'; tls: boolean; nodes: Address[] };

const DEFAULT_PORTS = { single: 6379, sentinel: 26379, cluster: 6379 };

/** `[::1]:6379` as well as `host` and `host:6379`. */
const ADDRESS = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$/;

export const REDIS_URL_FORMS =
  'must be redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/NAME or redis+cluster://HOST:PORT,HOST:PORT (rediss… for TLS), without a password (that is REDIS_PASSWORD)';

/** @returns undefined where it is none of the forms */
export function parseRedisUrl(url: string): RedisTarget | undefined {
  const [, secure, mode = 'single', hosts = '', rest = ''] =
    /^redis(s?)(?:\+(sentinel|cluster))?:\/\/([^/@?#]+)((?:\/[^/?#@]*)*)$/.exec(url) ?? [];
  if (secure === undefined) return undefined;
  const kind = mode as RedisTarget['kind'];
  const addresses = hosts.split(',').map((host) => parseAddress(host, DEFAULT_PORTS[kind]));
  if (!addresses.every((address) => address !== undefined)) return undefined;
  const parts = rest.split('/').filter((part) => part !== '');
  const tls = secure === 's';
  if (kind === 'cluster') return parts.length > 0 ? undefined : { kind, tls, nodes: addresses };
  const name = kind === 'sentinel' ? parts.shift() : '';
  const [database = '0', ...more] = parts;
  if (name === undefined || more.length > 0 || !/^\d{1,4}$/.test(database)) return undefined;
  const db = Number(database);
  if (kind === 'sentinel') return { kind, tls, sentinels: addresses, name, db };
  const [address, ...others] = addresses;
  return address === undefined || others.length > 0 ? undefined : { kind, tls, address, db };
}

function parseAddress(text: string, defaultPort: number): Address | undefined {
  const [, host, port] = ADDRESS.exec(text) ?? [];
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? defaultPort : Number(port) };
}
