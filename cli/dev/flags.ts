/** The flags of `mcpgw dev`, checked. */
import type { Catalog } from '../../runtime/config/catalog.ts';
import { EXIT, UserError } from '../errors.ts';

/** @throws UserError */
export function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UserError(`--port ${text}: must be a number from 0 to 65535`, EXIT.usage);
  return port;
}

/**
 * @returns the origin of an address that has no path
 * @throws UserError
 */
export function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UserError(`--public-url ${text}: must be an address like https://name.example.com`, EXIT.usage);
  }
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new UserError(`--public-url ${text}: must have no path, only scheme, host and port`, EXIT.usage);
  }
  return url.origin;
}

/**
 * The services that `--services` names; undefined leaves it to `.env` and the catalog.
 * @param withOwn whether a command was given behind `--`
 * @throws UserError
 */
export function chosenServices(
  text: string | undefined,
  catalog: Catalog,
  withOwn: boolean,
): string[] | undefined {
  // The command behind -- is served alone; the configuration still wants a service, which is then not used.
  if (text === undefined) return withOwn ? ['echo-stateless'] : undefined;
  const available = [...catalog.services.values()]
    .filter((service) => !service.planned)
    .map(({ name }) => name);
  if (text === 'all') return available;
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const planned = names.filter((name) => catalog.services.get(name)?.planned);
  if (planned.length > 0)
    throw new UserError(`--services: ${planned.join(', ')}: not part of this release`, EXIT.usage);
  const unknown = names.filter((name) => !catalog.services.has(name));
  if (unknown.length > 0 || names.length === 0) {
    throw new UserError(
      `--services: there is no service ${unknown.join(', ') || 'named'}; there are ${available.join(', ')}`,
      EXIT.usage,
    );
  }
  return names;
}
