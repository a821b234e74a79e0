/** What the person has to do after `init`. */
import type { Config } from '../../runtime/config/load.ts';
import type { ConfigValues } from '../../runtime/config/schema.ts';
import { join } from 'node:path';
import {
  callbackUrl,
  hostsOf,
  isLoopbackHost,
  resourceUrl,
  type Topology,
} from '../../runtime/config/topology.ts';
import { AUTHORITY_CERTIFICATE } from '../tls/paths.ts';
import { type TrustCommand, trustCommands, trustText } from '../tls/trust.ts';

export interface NextSteps {
  /** Undefined where nobody has to be told. */
  callbackUrl?: string;
  /** Where it has to be told. */
  callbackAt?: string;
  /** Names that must point to this machine. */
  hosts: string[];
  /** Where they lead to when nobody but this machine is meant; undefined when others are. */
  address?: string;
  /** MCP URL by service. */
  mcpUrls: Record<string, string>;
  /** What makes this machine trust the local authority; undefined without one. */
  trust?: { authority: string; commands: TrustCommand[] };
  warnings: string[];
}

/** @param folder absolute */
export function nextSteps(config: Config, topology: Topology, folder: string): NextSteps {
  const { values } = config;
  const callers = values.IDENTITY_PROVIDER.flatMap((provider) => {
    if (provider === 'github') return ['the GitHub OAuth app'];
    return provider === 'oidc' ? [`the application at ${new URL(values.OIDC_ISSUER ?? '').host}`] : [];
  });
  const authority = join(folder, AUTHORITY_CERTIFICATE);
  const commands = trustCommands(authority, process.platform, values.COMPOSE_PROJECT_NAME);
  return {
    ...(callers.length > 0 ? { callbackUrl: callbackUrl(topology), callbackAt: callers.join(' and ') } : {}),
    ...(values.TLS_MODE === 'internal' ? { trust: { authority, commands } } : {}),
    // Every machine knows this one by itself.
    hosts: hostsOf(topology).filter((host) => host !== 'localhost'),
    ...(isLoopbackHost(values.BIND_ADDRESS) ? { address: values.BIND_ADDRESS } : {}),
    mcpUrls: Object.fromEntries(
      topology.services.map((service) => [service, resourceUrl(topology, service)]),
    ),
    warnings: [
      ...portWarnings(values),
      ...(values.TLS_MODE === 'acme' && isLoopbackHost(values.BIND_ADDRESS)
        ? [
            `only this machine reaches the gateway: BIND_ADDRESS is ${values.BIND_ADDRESS} (--bind-address 0.0.0.0)`,
          ]
        : []),
      ...(values.TLS_MODE === 'acme' && values.ACME_STAGING
        ? ["nobody trusts certificates of Let's Encrypt's staging (--acme-staging false)"]
        : []),
      ...(values.TLS_MODE === 'internal' && !isLoopbackHost(values.BIND_ADDRESS)
        ? [
            'only clients that trust the local authority can connect, so no hosted one such as claude.ai (TLS_MODE=internal)',
          ]
        : []),
      ...(values.TLS_MODE === 'acme' && values.ACME_CA_URL === undefined && isLoopbackHost(topology.domain)
        ? [`no public authority certifies ${topology.domain} (--tls internal)`]
        : []),
      ...signInWarnings(values),
    ],
  };
}

function signInWarnings(values: ConfigValues): string[] {
  const { IDENTITY_PROVIDER: providers, ALLOWED_GITHUB_USERS: users } = values;
  const oidc = providers.includes('oidc') ? oidcWarnings(values) : [];
  if (!providers.includes('github')) return oidc;
  if (users.includes('*'))
    return [...oidc, 'anybody with a GitHub account can sign in (ALLOWED_GITHUB_USERS=*)'];
  const allowed = [...users, ...values.ALLOWED_GITHUB_ORGS, ...values.ALLOWED_GITHUB_TEAMS];
  if (allowed.length > 0) return oidc;
  const who = providers.length > 1 ? 'nobody can sign in with GitHub' : 'nobody can sign in';
  return [...oidc, `${who}: ALLOWED_GITHUB_USERS is empty (--allowed-users octocat,hubot)`];
}

function oidcWarnings(values: ConfigValues): string[] {
  const { OIDC_ALLOWED_EMAILS: emails, OIDC_TITLE: title } = values;
  if (emails.includes('*'))
    return [`anybody whom ${values.OIDC_ISSUER ?? title} signs in can sign in here (OIDC_ALLOWED_EMAILS=*)`];
  const allowed = [...emails, ...values.OIDC_ALLOWED_DOMAINS, ...values.OIDC_ALLOWED_GROUPS];
  return allowed.length > 0
    ? []
    : [
        `nobody can sign in with ${title}: OIDC_ALLOWED_EMAILS, OIDC_ALLOWED_DOMAINS and OIDC_ALLOWED_GROUPS are empty (--oidc-allowed-domains example.com)`,
      ];
}

/** The authority connects to the well-known port, whatever ours is. */
function portWarnings(values: ConfigValues): string[] {
  if (values.TLS_MODE !== 'acme' || values.ACME_CA_URL !== undefined) return [];
  const forwarded = (port: number, key: 'HTTP_PORT' | 'HTTPS_PORT') =>
    values[key] === port
      ? []
      : [
          `${values.ACME_CHALLENGE}: Let's Encrypt connects to port ${port}, which has to lead to ${key} (${values[key]})`,
        ];
  switch (values.ACME_CHALLENGE) {
    case 'http-01':
      return forwarded(80, 'HTTP_PORT');
    case 'tls-alpn-01':
      return forwarded(443, 'HTTPS_PORT');
    case 'dns-01':
      return [];
  }
}

function hostsText({ hosts, address }: NextSteps): string {
  return address === undefined
    ? `Let these names point to this machine:\n${hosts.map((host) => `   ${host}`).join('\n')}`
    : `Let these names lead here, for instance in /etc/hosts:\n${hosts.map((host) => `   ${address} ${host}`).join('\n')}`;
}

/** @param folder as the person named it */
export function nextStepsText(steps: NextSteps, folder: string, bold: (text: string) => string): string {
  const at = folder === '.' ? '' : ` --dir ${folder}`;
  const items = [
    ...(steps.callbackUrl === undefined
      ? []
      : [
          `In ${steps.callbackAt ?? 'the identity provider'}, set the authorization callback URL to\n   ${bold(steps.callbackUrl)}`,
        ]),
    ...(steps.hosts.length === 0 ? [] : [hostsText(steps)]),
    ...(steps.trust === undefined
      ? []
      : [
          `Make clients trust the local authority (mcpgw trust${at} shows this again):\n${trustText(steps.trust.commands, bold).replace(/^/gm, '   ')}`,
        ]),
    `Check this machine, then start the gateway:\n   ${bold(`mcpgw doctor${at}`)}\n   ${bold(`mcpgw up${at}`)}`,
    `After a change in .env, mcpgw up${at} takes it over. Without Docker,\n   mcpgw dev${at} serves the same services on this machine.`,
  ];
  const urls = Object.entries(steps.mcpUrls).map(([, url]) => `   ${url}`);
  return `${bold('Next')}\n${items.map((item, index) => `${index + 1}. ${item}`).join('\n')}\n\n${bold('MCP URLs')}\n${urls.join('\n')}`;
}
