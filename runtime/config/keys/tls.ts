/** Certificates. */
import { z } from 'zod';
import { boolean, cidrs, email, integer, list, optional, text } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const key = keysOf('TLS');

export const tlsKeys = {
  TLS_MODE: key(z.enum(['acme', 'files', 'internal', 'off']).default('acme'), {
    title: 'TLS',
    description:
      "acme: certificates from Let's Encrypt or another ACME authority. files: a certificate of your own. internal: a local authority that mcpgw makes, for laptops and tests. off: plain HTTP behind another proxy that ends TLS (URLs stay https).",
    example: 'acme',
  }),
  ACME_EMAIL: key(optional(email()), {
    title: 'E-mail for certificates',
    description: 'The authority may write here about your certificates. Required when TLS_MODE is acme.',
    example: 'you@example.com',
  }),
  ACME_CHALLENGE: key(z.enum(['http-01', 'tls-alpn-01', 'dns-01']).default('http-01'), {
    title: 'ACME challenge',
    description:
      'How the authority sees that the names are yours. http-01: it connects to port 80, which must lead to HTTP_PORT. tls-alpn-01: to port 443, which must lead to HTTPS_PORT. dns-01: by a DNS record; needs no open port, and in subdomain mode gives one wildcard certificate.',
    example: 'http-01',
  }),
  ACME_STAGING: key(boolean().default(false), {
    title: "Let's Encrypt's staging",
    description:
      "true: certificates that nobody trusts, without Let's Encrypt's strict limits, to try a setup out.",
    example: 'true',
  }),
  ACME_CA_URL: key(
    optional(
      z
        .string()
        .refine(
          (url) => /^https:\/\//.test(url) && URL.canParse(url),
          'must be a URL that starts with https://',
        ),
    ),
    {
      title: 'ACME directory URL',
      description: "Of another ACME authority than Let's Encrypt.",
      example: 'https://ca.example.com/acme/acme/directory',
    },
  ),
  ACME_CA_CERT_FILE: key(optional(text()), {
    title: 'ACME authority certificate',
    description:
      'PEM file on this machine with the certificates that the ACME server itself is trusted by. Without it, those that every browser trusts.',
    example: './private-root.pem',
  }),
  ACME_CERT_HOURS: key(integer(1, 26_280, 'hours').default(2_160), {
    title: 'Hours a certificate lasts',
    description:
      'Hours. What your ACME authority issues; renewal is timed by it. From 24 on, renewed 6 hours before the end; from 144 on, 2 days; from 720 on, 10 days; from 2160 on, 30 days; below 24, 20 minutes.',
    example: '24',
  }),
  ACME_DNS_PROVIDER: key(optional(z.string().regex(/^[a-z][a-z0-9-]*$/, 'is not the name of a provider')), {
    title: 'DNS provider',
    description: 'dns-01 only: name of the provider, from the list at https://go-acme.github.io/lego/dns/.',
    example: 'cloudflare',
  }),
  ACME_DNS_VARIABLES: key(
    list()
      .refine(
        (names) => names.every((name) => /^[A-Z][A-Z0-9_]*$/.test(name)),
        'must be names like CF_DNS_API_TOKEN',
      )
      .default([]),
    {
      title: 'Variables of the DNS provider',
      description:
        'dns-01 only: names of the variables that the provider needs, separated by commas. The value of each stands in a line of its own here, in the environment, or in a file named by <NAME>_FILE; the container gets it as a secret file (<NAME>_FILE).',
      example: 'CF_DNS_API_TOKEN',
    },
  ),
  TLS_CERT_FILE: key(optional(text()), {
    title: 'Certificate file',
    description:
      'TLS_MODE files only: PEM file on this machine with the certificate for every host, and the chain behind it. mcpgw copies it; after a renewal run mcpgw generate.',
    example: '/etc/letsencrypt/live/mcp.example.com/fullchain.pem',
  }),
  TLS_KEY_FILE: key(optional(text()), {
    title: 'Key file',
    description:
      'TLS_MODE files only: PEM file with the private key of that certificate, without a passphrase.',
    example: '/etc/letsencrypt/live/mcp.example.com/privkey.pem',
  }),
  TRUSTED_PROXIES: key(cidrs().default([]), {
    title: 'Trusted proxies',
    description:
      'TLS_MODE off only: addresses (CIDR) of the proxy in front, whose X-Forwarded headers are believed.',
    example: '10.0.0.0/8',
  }),
};
