/** Secrets that mcpgw makes. */
import { z } from 'zod';
import { optional, text } from '../fields.ts';
import { keysOf } from '../key-meta.ts';
import { MIN_ROOT_SECRET_LENGTH } from '../secrets.ts';

const key = keysOf('Secrets');

const TOKEN_FORM = 'must be 16 or more characters of a bearer token (letters, digits and -._~+/)';

export const secretsKeys = {
  GATEWAY_JWT_SECRET: key(
    z.string().min(MIN_ROOT_SECRET_LENGTH, `must have at least ${MIN_ROOT_SECRET_LENGTH} characters`),
    {
      title: 'Root secret',
      description:
        'Root of the cookie, CSRF, context and at-rest keys. Changing it signs everybody out and makes stored keys unreadable.',
      example: '(43 random characters, made by mcpgw init)',
      secret: true,
    },
  ),
  JWT_PRIVATE_KEY_B64: key(optional(z.base64('is not base64')), {
    title: 'Signing key',
    description:
      'RSA private key (PKCS #8 PEM, base64 of the whole) that seeds an empty key set. From then on the store rules.',
    example: '(made by mcpgw init)',
    secret: true,
  }),
  REGISTRATION_TOKEN: key(optional(z.string().regex(/^[A-Za-z0-9\-._~+/]{16,512}=*$/, TOKEN_FORM)), {
    title: 'Registration token',
    description:
      'Initial access token (RFC 7591) that a client must send to register. Empty: any client may register, as most MCP clients do by themselves.',
    example: '(32 random characters)',
    secret: true,
  }),
  REDIS_PASSWORD: key(optional(text()), {
    title: 'Redis password',
    description: 'Of the Redis in the stack.',
    example: '(32 random characters, made by mcpgw init)',
    secret: true,
  }),
};
