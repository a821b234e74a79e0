/** Where a remote service is and what every request to it carries: the rules of the catalog's `remote`. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { isOperatorAddress } from './metadata-address.ts';

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** What HTTP, the protocol or the gateway itself says in each request (RFC 9110 §7.6.1, MCP Streamable HTTP). */
const TAKEN = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade'],
  ...['transfer-encoding', 'content-length', 'content-type', 'content-encoding', 'host', 'expect'],
  ...['accept', 'accept-encoding', 'last-event-id', 'traceparent', 'tracestate', 'baggage'],
]);
const TAKEN_PREFIX = /^(?:mcp-|x-mcpgw-)/;

/** @returns whether a header of requests is nobody's but the operator's */
export function isFreeHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return TOKEN.test(name) && !TAKEN.has(lower) && !TAKEN_PREFIX.test(lower);
}

/** @returns what is wrong with the value of a header: a line break in it would begin another header */
export function headerValueProblem(value: string): string | undefined {
  if (value === '') return 'is empty';
  if (!/^[\x20-\x7e]+$/.test(value)) return 'may have printable ASCII characters only, and no line break';
  return value.trim() === value ? undefined : 'begins or ends with a space';
}

/** @returns what is wrong with the address of a remote server */
export function remoteUrlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return 'must be an address like https://mcp.example.com/mcp';
  if (url.username !== '' || url.password !== '')
    return 'has credentials in it; give them as a secret header';
  if (text.includes('#')) return 'has a fragment, which is not sent';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) !== 0 && !isOperatorAddress(host)
    ? 'is where clouds hand out credentials, or no host at all; no service may lead there'
    : undefined;
}

/** @param secretSchema of a secret's name */
export function remoteSchema(secretSchema: z.ZodType<string>) {
  const value = z.string().superRefine((text, context) => problem(headerValueProblem(text), context));
  return z
    .strictObject({
      url: z.string().superRefine((text, context) => problem(remoteUrlProblem(text), context)),
      /** How the gateway proves to the server who it is. What it sends is the same for all users. */
      auth: z
        .enum(['none', 'header', 'oauth'])
        .default('none')
        .refine(
          (auth) => auth !== 'oauth',
          'of oauth is not supported yet. Where the server takes a token of yours, use header, with a secret for Authorization',
        ),
      /** Sent with each request. */
      headers: z
        .record(
          z.string().refine(isFreeHeader, 'is not a header that can be set here'),
          z.union([z.strictObject({ value }), z.strictObject({ secret: secretSchema })]),
        )
        .default({}),
    })
    .refine(({ auth, headers }) => auth !== 'header' || Object.keys(headers).length > 0, {
      message: 'are missing: auth: header sends at least one',
      path: ['headers'],
    })
    .refine(
      ({ headers }) =>
        new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
      {
        message: 'has a header twice',
        path: ['headers'],
      },
    );
}

function problem(text: string | undefined, context: z.RefinementCtx): void {
  if (text !== undefined) context.addIssue({ code: 'custom', message: text });
}
