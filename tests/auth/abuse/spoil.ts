/** A request that works, with one thing spoilt: it gets as far as that thing. */
import type { Random } from './random.ts';
import { METHODS, NAMES, printable, TYPES, type Hostile, type Malformed } from './values.ts';

/** A request that works. */
export interface Genuine {
  method: string;
  path: string;
  query?: Record<string, string>;
  form?: Record<string, string>;
  json?: Record<string, unknown>;
  headers?: Record<string, string>;
}

export function whole({ method, path, query, form, json, headers = {} }: Genuine): Malformed {
  return build(method, path, query && encoded(query), form && encoded(form), json && text(json), headers);
}

export function spoil(random: Random, hostile: Hostile, genuine: Genuine): Malformed {
  const { pick, chance } = random;
  const { method, path, headers = {} } = genuine;
  const query = genuine.query && encoded(genuine.query);
  const form = genuine.form && encoded(genuine.form);
  const json = genuine.json && text(genuine.json);
  const build_ = (changed: { query?: string[]; form?: string[]; json?: Buffer; headers?: typeof headers }) =>
    build(
      method,
      path,
      changed.query ?? query,
      changed.form ?? form,
      changed.json ?? json,
      changed.headers ?? headers,
    );
  const ways: (() => Malformed)[] = [
    () => build_({ headers: spoilHeaders(random, hostile, headers) }),
    () => ({ ...whole(genuine), method: pick(METHODS) }),
    () => ({ ...whole(genuine), url: spoilPath(random, hostile, whole(genuine).url) }),
    () =>
      build_({
        query: [...(query ?? []), `${hostile.encode(pick(NAMES))}=${hostile.encode(hostile.value())}`],
      }),
  ];
  if (query) ways.push(...repeat(6, () => build_({ query: spoilParts(random, hostile, query) })));
  if (form) ways.push(...repeat(8, () => build_({ form: spoilParts(random, hostile, form) })));
  if (genuine.json) {
    const { json: body } = genuine;
    ways.push(...repeat(8, () => build_({ json: spoilJson(random, hostile, body) })));
  }
  if (form ?? json)
    ways.push(() => {
      const request = whole(genuine);
      const payload = request.payload ?? Buffer.alloc(0);
      return chance(0.3)
        ? { ...request, headers: { ...request.headers, 'content-type': pick(TYPES) } }
        : { ...request, payload: spoilBytes(random, payload) };
    });
  return pick(ways)();
}

function build(
  method: string,
  path: string,
  query: string[] | undefined,
  form: string[] | undefined,
  json: Buffer | undefined,
  headers: Record<string, string>,
): Malformed {
  const url = (query === undefined ? path : `${path}?${query.join('&')}`).slice(0, 14_000);
  if (form !== undefined)
    return {
      ...{ method, url, payload: Buffer.from(form.join('&')) },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    };
  if (json !== undefined)
    return { method, url, payload: json, headers: { 'content-type': 'application/json', ...headers } };
  return { method, url, headers };
}

function encoded(pairs: Record<string, string>): string[] {
  return Object.entries(pairs).map((pair) => pair.map(encodeURIComponent).join('='));
}

function text(json: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify(json));
}

function spoilParts({ below, pick }: Random, hostile: Hostile, parts: string[]): string[] {
  const at = below(parts.length);
  const part = parts[at] ?? '';
  const [name = '', value = ''] = part.split('=');
  const spoilt = pick<() => string[]>([
    () => [],
    () => [part, part],
    () => [`${name}=`],
    () => [name],
    () => [`${name}=${encodeURIComponent(hostile.mangle(decodeURIComponent(value)).toWellFormed())}`],
    () => [`${name}=${encodeURIComponent(hostile.value().toWellFormed())}`],
    () => [`${name}=${hostile.encode(hostile.value())}`],
    () => [`${name}${pick(['[]', '[0]', '[a]', '%00', '%5B%5D', '.a'])}=${value}`],
    () => [`${name.toUpperCase()}=${value}`],
    () => [part, `${name}=${encodeURIComponent(hostile.value().toWellFormed())}`],
    () => [part, ...Array.from({ length: 150 }, (_, index) => `a${index}=b`)],
  ])();
  return [...parts.slice(0, at), ...spoilt, ...parts.slice(at + 1)];
}

function spoilJson(random: Random, hostile: Hostile, json: Record<string, unknown>): Buffer {
  const { pick, below } = random;
  const name = pick(Object.keys(json));
  const { [name]: value, ...others } = json;
  const deep = () => JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`) as unknown;
  const list = () => (Array.isArray(value) ? [...(value as unknown[]), hostile.json(2)] : [value]);
  const inner = () => {
    if (typeof value !== 'object' || value === null) return hostile.json();
    return { ...value, [pick([...Object.keys(value), 'a'])]: hostile.json(1) };
  };
  return pick<() => Buffer>([
    () => text(others),
    () => text({ ...json, [name]: inner() }),
    () => text({ ...json, [name]: hostile.json() }),
    () => text({ ...json, [name]: hostile.value() }),
    () => text({ ...json, [name]: list() }),
    () =>
      text({
        ...json,
        [name]: pick([deep, () => Array<string>(2_000).fill('x'), () => 'y'.repeat(40_000)])(),
      }),
    () => Buffer.from(`{"__proto__":${JSON.stringify(hostile.json())},${JSON.stringify(json).slice(1)}`),
    () => Buffer.from(`${JSON.stringify(json).slice(0, -1)},"${name}":${JSON.stringify(hostile.json())}}`),
    () => text({ ...json, [pick(NAMES)]: hostile.json() }),
    () => Buffer.from(JSON.stringify([json])),
    () => text(json).subarray(0, below(text(json).length)),
    () => Buffer.from(JSON.stringify(json), 'utf16le'),
  ])();
}

function spoilBytes({ below, bytes, pick }: Random, payload: Buffer): Buffer {
  const at = below(payload.length + 1);
  const piece = pick([
    bytes(3),
    Buffer.from([0]),
    Buffer.from([0xff]),
    Buffer.from('\u0000%00'),
    Buffer.alloc(0),
  ]);
  return pick([
    () => Buffer.concat([payload.subarray(0, at), piece, payload.subarray(at)]),
    () => payload.subarray(0, at),
    () => Buffer.concat([payload, Buffer.alloc(70_000, '&')]),
  ])();
}

const FURTHER = ['origin', 'x-forwarded-for', 'x-forwarded-host', 'forwarded', 'x-user-id'];
const MORE = ['accept', 'accept-encoding', 'if-none-match', 'range', 'dpop', 'content-encoding', 'te'];

function spoilHeaders(
  { pick, chance }: Random,
  hostile: Hostile,
  headers: Record<string, string>,
): Record<string, string> {
  const [name, ...others] = Object.keys(headers);
  if (name === undefined || chance(0.3))
    return { ...headers, [pick([...FURTHER, ...MORE, 'authorization', 'cookie'])]: hostile.headerValue() };
  const chosen = pick([name, ...others]);
  const value = headers[chosen] ?? '';
  const kept = Object.fromEntries(Object.entries(headers).filter(([other]) => other !== chosen));
  return pick<() => Record<string, string>>([
    () => kept,
    () => ({ ...headers, [chosen]: hostile.headerValue(hostile.mangle(value)) }),
    () => ({ ...headers, [chosen]: hostile.headerValue() }),
    () => ({ ...headers, [chosen]: `${value}, ${value}` }),
    () => ({ ...headers, [chosen]: `${value}; ${value}` }),
    () => ({ ...headers, [chosen]: value.toLowerCase() }),
  ])();
}

function spoilPath({ pick }: Random, hostile: Hostile, url: string): string {
  const [path = '', ...query] = url.split('?');
  const rest = query.length === 0 ? '' : `?${query.join('?')}`;
  return printable(
    pick([
      `${path}/${rest}`,
      `/${path}${rest}`,
      `${path}/..${path}${rest}`,
      `${path}%00${rest}`,
      `${path}${rest}?${rest}`,
      `${path}${rest}#a`,
      `${path}/${hostile.encode(hostile.value())}${rest}`,
      path.replace(/^\/(.)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`) + rest,
    ]),
  ).slice(0, 14_000);
}

function repeat<Item>(count: number, item: Item): Item[] {
  return Array<Item>(count).fill(item);
}
