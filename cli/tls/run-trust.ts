/** `mcpgw trust`: how this machine's clients come to trust the gateway's local authority. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TrustFlags } from '../commands/trust.ts';
import { UserError } from '../errors.ts';
import { openFolder, renderSource, requireEnv } from '../gateway-folder.ts';
import { createOutput } from '../output.ts';
import { AUTHORITY_CERTIFICATE } from './paths.ts';
import { validity } from './pem.ts';
import { trustCommands, trustText } from './trust.ts';

export function runTrust(flags: TrustFlags): void {
  const output = createOutput(flags);
  const gateway = openFolder(resolve(flags.dir));
  const { values } = renderSource(gateway, requireEnv(gateway), process.env).config;
  if (values.TLS_MODE !== 'internal') {
    throw new UserError(
      `TLS_MODE is ${values.TLS_MODE}, so there is no local authority to trust: clients trust the gateway as it is, or not at all.`,
    );
  }
  const path = join(gateway.folder, AUTHORITY_CERTIFICATE);
  if (!existsSync(path)) throw new UserError(`there is no ${path} yet. mcpgw generate makes it.`);
  const certificate = new X509Certificate(readFileSync(path));
  const commands = trustCommands(path, process.platform, values.COMPOSE_PROJECT_NAME);
  const { endsAtMs } = validity(certificate);
  const ends = new Date(endsAtMs).toISOString().slice(0, 10);
  const text = [
    `${path}`,
    `signs for ${values.BASE_DOMAIN} and what is below it, for nothing else, until ${ends}.`,
    `SHA-256 ${certificate.fingerprint256}`,
    '',
    trustText(commands, output.style.bold),
    '',
    'Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import.',
  ].join('\n');
  output.result(text, {
    authority: path,
    domain: values.BASE_DOMAIN,
    endsAt: new Date(endsAtMs).toISOString(),
    sha256: certificate.fingerprint256,
    commands,
  });
}
