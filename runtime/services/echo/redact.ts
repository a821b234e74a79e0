/** What the diagnostics may show. Showing too little is a nuisance, showing a secret is a leak: doubt means redacted. */
import { CONTEXT_HEADER } from '../../config/context.ts';

export const REDACTED = '[REDACTED]';

const SECRET_NAME =
  /SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN|KEY|CREDENTIAL|COOKIE|AUTHORIZATION|SIGNATURE|PRIVATE|ASSERTION/i;

/** A JWT, wherever it stands. */
const JWT = /eyJ[\w-]+\.[\w-]+\.[\w-]*/g;

/** A query parameter. Its name is judged apart: one expression for both takes cubic time on a hostile header. */
const PARAMETER = /([?&])([^=&?\s]+)=([^&#\s]+)/g;

/** The name of one that carries a secret, such as `access_token` or an authorization `code`. */
const SECRET_PARAMETER = /token|code|secret|key|password|assertion/i;

/** `scheme://user:password@host`, and with it any `@` later in the value: passwords contain slashes. */
const URL_WITH_CREDENTIALS = /:\/\/\S*@/;

/** One unbroken run that nobody types by hand: a key or token under a name that does not say so. */
const OPAQUE_VALUE = /^(?=.*\d)[\w+/=~-]{32,}$/;

/** The variables that say how a service is configured. Nothing else of the environment is looked at. */
const SHOWN_VARIABLE =
  /^(?:MCP_\w+|BASE_DOMAIN|ROUTING_MODE|SESSION_TIMEOUT|CLIENT_LIFETIME|LOG_LEVEL|NODE_ENV|NODE_VERSION|TZ|LANG)$/;

function redactHeader(name: string, value: string, bearerToken: string | undefined): string {
  if (name === CONTEXT_HEADER) return REDACTED;
  if (name === 'authorization' || name === 'proxy-authorization') {
    const scheme = /^(\S+)\s+\S/.exec(value)?.[1];
    return scheme === undefined ? REDACTED : `${scheme} ${REDACTED}`;
  }
  if (SECRET_NAME.test(name)) return REDACTED;
  const shown = redactParameters(value.replace(JWT, REDACTED));
  return bearerToken === undefined ? shown : shown.replaceAll(bearerToken, REDACTED);
}

function redactParameters(value: string): string {
  return value.replace(PARAMETER, (whole, mark: string, name: string) =>
    SECRET_PARAMETER.test(name) ? `${mark}${name}=${REDACTED}` : whole,
  );
}

/** @returns the token of `Authorization: Bearer <token>` */
export function bearerTokenOf(headers: Readonly<Record<string, string>>): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
}

/** @returns every header, sorted by name, without a token, cookie, key or the signed context */
export function redactHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const token = bearerTokenOf(headers);
  const entries = Object.entries(headers).sort(([a], [b]) => a.localeCompare(b));
  return Object.fromEntries(entries.map(([name, value]) => [name, redactHeader(name, value, token)]));
}

function isSecretValue(value: string): boolean {
  return (
    URL_WITH_CREDENTIALS.test(value) ||
    OPAQUE_VALUE.test(value) ||
    value.includes('-----BEGIN') ||
    value.search(JWT) >= 0 ||
    redactParameters(value) !== value
  );
}

/** @returns the variables of the allow-list, sorted by name, with every value that may be a secret redacted */
export function redactEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (value === undefined || !SHOWN_VARIABLE.test(name)) continue;
    shown[name] = value !== '' && (SECRET_NAME.test(name) || isSecretValue(value)) ? REDACTED : value;
  }
  return shown;
}
