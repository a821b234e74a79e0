/** What the person has to do after `init`. */
import type { Config } from '../../runtime/config/load.ts';
import {
  authHost,
  callbackUrl,
  isLoopbackHost,
  resourceUrl,
  serviceHost,
  type Topology,
} from '../../runtime/config/topology.ts';

export interface NextSteps {
  /** Undefined where nobody has to be told. */
  callbackUrl?: string;
  /** Names that must point to this machine. */
  hosts: string[];
  /** MCP URL by service. */
  mcpUrls: Record<string, string>;
  warnings: string[];
}

export function nextSteps(config: Config, topology: Topology): NextSteps {
  const { values } = config;
  const github = values.IDENTITY_PROVIDER === 'github';
  const hosts = [authHost(topology), ...topology.services.map((service) => serviceHost(topology, service))];
  return {
    ...(github ? { callbackUrl: callbackUrl(topology) } : {}),
    hosts: [...new Set(hosts)],
    mcpUrls: Object.fromEntries(
      topology.services.map((service) => [service, resourceUrl(topology, service)]),
    ),
    warnings: [
      ...(values.TLS_MODE === 'acme' && isLoopbackHost(values.BIND_ADDRESS)
        ? [
            `only this machine reaches the gateway: BIND_ADDRESS is ${values.BIND_ADDRESS} (--bind-address 0.0.0.0)`,
          ]
        : []),
      ...(github && values.ALLOWED_GITHUB_USERS.length === 0
        ? ['nobody can sign in: ALLOWED_GITHUB_USERS is empty (--allowed-users octocat,hubot)']
        : []),
      ...(values.ALLOWED_GITHUB_USERS.includes('*') && github
        ? ['anybody with a GitHub account can sign in (ALLOWED_GITHUB_USERS=*)']
        : []),
    ],
  };
}

/** @param folder as the person named it */
export function nextStepsText(steps: NextSteps, folder: string, bold: (text: string) => string): string {
  const at = folder === '.' ? '' : ` --dir ${folder}`;
  const items = [
    ...(steps.callbackUrl === undefined
      ? []
      : [`In the GitHub OAuth app, set the authorization callback URL to\n   ${bold(steps.callbackUrl)}`]),
    `Let these names point to this machine:\n${steps.hosts.map((host) => `   ${host}`).join('\n')}`,
    `Change .env when you like, then run: mcpgw generate${at}`,
    `The containers build from mcpgw's own code, which "mcpgw up" will pack; that\n   command is not in this release. Until then "mcpgw dev${at}" serves the same\n   services on this machine, without Docker.`,
  ];
  const urls = Object.entries(steps.mcpUrls).map(([, url]) => `   ${url}`);
  return `${bold('Next')}\n${items.map((item, index) => `${index + 1}. ${item}`).join('\n')}\n\n${bold('MCP URLs')}\n${urls.join('\n')}`;
}
