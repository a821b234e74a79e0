/**
 * Request parameters, RFC 6749 §3.1 and §3.2: "Parameters sent without a value MUST be treated as if they were omitted
 * from the request. The authorization server MUST ignore unrecognized request parameters. Request and response
 * parameters MUST NOT be included more than once."
 */
import { InvalidRequestError } from './errors.ts';
import { faultOf } from './forms.ts';

/** No parameter is longer, in UTF-16 code units. */
const MAX_LENGTH = 8192;

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** `a[]=` and `a[b]=` are lists and objects to some parsers and names to others. */
// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const STRANGE_NAME = /[[\]\u0000-\u001f\u007f-\u009f]/;

/** Those that mean something at one endpoint or another; `resource` (RFC 8707 §2) and our own `service` may be repeated. */
const SINGLE = new Set([
  ...['client_id', 'client_secret', 'client_assertion', 'client_assertion_type', 'redirect_uri', 'state'],
  ...['response_type', 'response_mode', 'scope', 'code', 'code_verifier', 'code_challenge'],
  ...['code_challenge_method', 'grant_type', 'refresh_token', 'token', 'token_type_hint', 'device_code'],
  ...['user_code', 'assertion', 'nonce', 'prompt', 'iss', 'error', 'transaction', 'csrf', 'decision'],
]);

export interface Parameters {
  /**
   * @returns undefined when absent or empty
   * @throws InvalidRequestError for a parameter that is repeated, too long or has control characters
   */
  one(name: string): string | undefined;
  /** Like `one`, for a parameter that may be repeated (`resource`, RFC 8707 §2). */
  many(name: string): string[];
  /** @throws InvalidRequestError when absent or empty, naming the parameter */
  required(name: string): string;
  /**
   * Looks at all of them, also those that nobody asks for. `readParameters` has done so, unless it was told not to.
   * @throws InvalidRequestError
   */
  checkAll(): void;
}

export interface ReadOptions {
  /** The caller calls `checkAll`, once it knows whom to tell of a fault. */
  checkLater?: boolean;
}

/**
 * @param parsed a query or form as `parseForm` read it: a repeated parameter is an array
 * @throws InvalidRequestError for a query or form that cannot be read
 */
export function readParameters(parsed: unknown, { checkLater = false }: ReadOptions = {}): Parameters {
  const values = new Map<string, string[]>();
  const record = isRecord(parsed) ? parsed : {};
  const fault = faultOf(record);
  if (fault !== undefined) throw new InvalidRequestError(fault);
  for (const [name, value] of Object.entries(record)) {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((item) => typeof item === 'string')) continue;
    values.set(name, list);
  }
  const parameters = fromMap(values);
  if (!checkLater) parameters.checkAll();
  return parameters;
}

function fromMap(values: ReadonlyMap<string, readonly string[]>): Parameters {
  const many = (name: string): string[] => {
    const present = (values.get(name) ?? []).filter((value) => value !== '');
    for (const value of present) check(name, value);
    return present;
  };
  const one = (name: string): string | undefined => {
    const list = values.get(name);
    if (list === undefined) return undefined;
    if (list.length > 1) throw new InvalidRequestError(`${name} must not be included more than once.`);
    const value = list[0] ?? '';
    check(name, value);
    return value === '' ? undefined : value;
  };
  const required = (name: string): string => {
    const value = one(name);
    if (value === undefined) throw new InvalidRequestError(`${name} is missing.`);
    return value;
  };
  const checkAll = (): void => {
    for (const [name, list] of values) {
      if (STRANGE_NAME.test(name))
        throw new InvalidRequestError('The name of a parameter has brackets or control characters.');
      if (SINGLE.has(name)) one(name);
      // Its name is the caller's, so the error has none.
      else for (const value of list) check(name === 'resource' ? name : 'A parameter', value);
    }
  };
  return { one, many, required, checkAll };
}

function check(name: string, value: string): void {
  if (value.length > MAX_LENGTH) throw new InvalidRequestError(`${name} is too long.`);
  if (CONTROL.test(value)) throw new InvalidRequestError(`${name} has control characters.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
