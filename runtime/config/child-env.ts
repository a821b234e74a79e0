/** The environment of a stdio server: what it needs to run, and none of the gateway's own settings and secrets. */

/** Of the gateway's environment a server from the catalog gets these alone. */
const PASSED = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'TMPDIR', 'TEMP', 'TMP'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE'],
]);

/** @returns the part of `environment` that every server may see */
export function basicEnvironment(environment: Record<string, string | undefined>): Record<string, string> {
  return pick(environment, (name) => PASSED.has(name) || name.startsWith('LC_'));
}

/** @returns all of `environment` but what is the gateway's: for a command that a person gave by hand */
export function ownEnvironment(
  environment: Record<string, string | undefined>,
  gatewayKeys: string[],
): Record<string, string> {
  const keys = new Set(gatewayKeys.flatMap((key) => [key, `${key}_FILE`]));
  return pick(environment, (name) => !keys.has(name));
}

function pick(
  environment: Record<string, string | undefined>,
  take: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && take(pair[0]),
    ),
  );
}
