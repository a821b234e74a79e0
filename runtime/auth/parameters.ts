/**
 * Request parameters, RFC 6749 §3.1 and §3.2: "Parameters sent without a value MUST be treated as if they were omitted
 * from the request. The authorization server MUST ignore unrecognized request parameters. Request and response
 * parameters MUST NOT be included more than once."
 */
import { InvalidRequestError } from './errors.ts';

/** No parameter is longer, in UTF-16 code units. */
const MAX_LENGTH = 8192;

// eslint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

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
}

/** @param parsed a query or form as Fastify parsed it: a repeated parameter is an array */
export function readParameters(parsed: unknown): Parameters {
  const values = new Map<string, string[]>();
  for (const [name, value] of Object.entries(isRecord(parsed) ? parsed : {})) {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((item) => typeof item === 'string')) continue;
    values.set(name, list);
  }
  return fromMap(values);
}

function fromMap(values: ReadonlyMap<string, string[]>): Parameters {
  const many = (name: string): string[] => {
    const present = (values.get(name) ?? []).filter((value) => value !== '');
    for (const value of present) check(name, value);
    return present;
  };
  const one = (name: string): string | undefined => {
    if ((values.get(name)?.length ?? 0) > 1)
      throw new InvalidRequestError(`${name} must not be included more than once.`);
    return many(name)[0];
  };
  const required = (name: string): string => {
    const value = one(name);
    if (value === undefined) throw new InvalidRequestError(`${name} is missing.`);
    return value;
  };
  return { one, many, required };
}

function check(name: string, value: string): void {
  if (value.length > MAX_LENGTH) throw new InvalidRequestError(`${name} is too long.`);
  if (CONTROL.test(value)) throw new InvalidRequestError(`${name} has control characters.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
