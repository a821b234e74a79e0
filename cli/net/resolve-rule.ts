/** `--resolve HOST:PORT:ADDRESS`, as curl has it: where a name leads when DNS does not know it (yet). */
import { isIP } from 'node:net';
import { EXIT, UserError } from '../errors.ts';

export interface ResolveRule {
  /** Lower case. */
  host: string;
  port: number;
  /** IPv4 or IPv6, without brackets. */
  address: string;
}

const RULE = /^([^:\s]+):(\d{1,5}):(\[[0-9a-fA-F:.]+\]|[0-9a-fA-F:.]+)$/;

/** @throws UserError */
export function parseResolve(texts: readonly string[]): ResolveRule[] {
  return texts.map((text) => {
    const [, host = '', port = '', bracketed = ''] = RULE.exec(text) ?? [];
    const address = bracketed.replace(/^\[(.*)\]$/, '$1');
    if (isIP(address) === 0 || Number(port) < 1 || Number(port) > 65_535) {
      throw new UserError(
        `--resolve ${text}: must be HOST:PORT:ADDRESS like auth.example.com:443:127.0.0.1`,
        EXIT.usage,
      );
    }
    return { host: host.toLowerCase(), port: Number(port), address };
  });
}
