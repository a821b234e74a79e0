/**
 * How npm is asked about a package. By its own defaults npm waits five minutes for a registry that has accepted a connection
 * and says nothing; it tries again by itself, so a third of a minute is soon enough.
 *
 * @param spec name and version, range or tag
 * @param fields of the package's manifest
 * @returns arguments of `npm`; its answer is JSON
 */
export function npmViewArgs(spec: string, ...fields: string[]): string[] {
  const patience = ['--fetch-timeout=10000', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=2000'];
  return ['view', spec, ...fields, '--json', '--no-update-notifier', '--loglevel=error', ...patience];
}
