/** What `up` says at the end. */
import { resourceUrl, issuer, type Topology } from '../../runtime/config/topology.ts';
import { connectText } from '../dev/connect.ts';
import type { Style } from '../output.ts';
import type { Outcome } from './start.ts';

/** MCP URL by service. */
export function mcpUrls(topology: Topology): Record<string, string> {
  return Object.fromEntries(topology.services.map((service) => [service, resourceUrl(topology, service)]));
}

export function readyText(topology: Topology, seconds: number, waited: boolean, style: Style): string {
  const urls = Object.entries(mcpUrls(topology));
  const width = Math.max(...urls.map(([name]) => name.length));
  return [
    waited
      ? `${style.green('Everything is healthy')} after ${seconds} s.`
      : 'Started; mcpgw ps shows what is healthy.',
    '',
    style.bold('MCP URLs'),
    ...urls.map(([name, url]) => `  ${name.padEnd(width)}  ${url}`),
    `  ${style.dim(`sign-in at ${issuer(topology)}; mcpgw health opens a session with each`)}`,
    '',
    ...connectText(urls, (text) => style.bold(text)),
  ].join('\n');
}

export function failedText({ problem = '', failed }: Outcome, style: Style): string {
  return [
    `${style.red('Not everything came up:')} ${problem}`,
    ...failed.flatMap(({ service, state, log }) => [
      '',
      style.bold(
        `${service} (${state})${log.length === 0 ? ': it wrote nothing' : ', the last lines of its log:'}`,
      ),
      ...log,
    ]),
    '',
    'What runs goes on. mcpgw ps and mcpgw logs show more; mcpgw up tries again.',
  ].join('\n');
}
