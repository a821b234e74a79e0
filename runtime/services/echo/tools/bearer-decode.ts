import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as z from 'zod';
import { defineReadOnlyTool, type ToolResult } from '../../tool.ts';
import type { EchoCall } from '../call.ts';
import { duration, isoTime } from '../format.ts';
import { bearerTokenOf } from '../redact.ts';

interface Decoded {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

function decode(token: string): Decoded | undefined {
  try {
    return { header: { ...decodeProtectedHeader(token) }, claims: { ...decodeJwt(token) } };
  } catch {
    return undefined;
  }
}

function validity(
  claims: Record<string, unknown>,
  nowSeconds: number,
): { text: string; secondsLeft?: number } {
  const { exp } = claims;
  if (typeof exp !== 'number') return { text: 'The token names no expiry.' };
  const secondsLeft = Math.floor(exp - nowSeconds);
  const at = isoTime(exp * 1000);
  const text =
    secondsLeft > 0
      ? `Valid for another ${duration(secondsLeft)}, until ${at}.`
      : `Expired ${duration(secondsLeft)} ago, at ${at}.`;
  return { text, secondsLeft };
}

function describe({ header, claims }: Decoded, nowSeconds: number): ToolResult {
  const { text, secondsLeft } = validity(claims, nowSeconds);
  return {
    text: [
      'Bearer token, decoded but not verified (the gateway has done that); the signature is left out.',
      `Header:\n${JSON.stringify(header, null, 2)}`,
      `Claims:\n${JSON.stringify(claims, null, 2)}`,
      text,
    ].join('\n\n'),
    data: { header, claims, verified: false, ...(secondsLeft !== undefined && { secondsLeft }) },
  };
}

export const bearerDecode = defineReadOnlyTool({
  name: 'bearerDecode',
  title: 'Decode the bearer token',
  description:
    "Decodes the access token that your client sent: its header, its claims and how long it is still good for. It's " +
    'not verified here, and the token itself is not shown.',
  input: z.object({}),
  handle(_args, { request, facts }: EchoCall): ToolResult {
    const token = bearerTokenOf(request.headers);
    if (token === undefined) {
      return {
        text: 'No bearer token arrived. The gateway passes it on only to services whose catalog entry says so.',
        failed: true,
      };
    }
    const decoded = decode(token);
    if (decoded === undefined)
      return { text: 'The bearer token is opaque (no JWT): it has nothing to decode.', failed: true };
    return describe(decoded, facts.now() / 1000);
  },
});
