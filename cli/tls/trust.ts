/** How the local authority comes to be trusted. mcpgw prints the commands and runs none of them. */

export interface TrustCommand {
  /** Where it holds. */
  where: string;
  command: string;
}

/**
 * @param certificate absolute path of the authority's certificate
 * @param platform as Node names it
 * @param project tells gateways on one machine apart
 */
export function trustCommands(
  certificate: string,
  platform: NodeJS.Platform,
  project: string,
): TrustCommand[] {
  const file = quoted(certificate, platform);
  return [
    ...systemCommands(file, platform, `mcpgw-${project}`),
    { where: 'Node clients', command: nodeVariable(file, platform) },
  ];
}

function systemCommands(file: string, platform: NodeJS.Platform, name: string): TrustCommand[] {
  switch (platform) {
    case 'darwin':
      return [
        {
          where: 'macOS',
          command: `sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain ${file}`,
        },
      ];
    case 'win32':
      return [{ where: 'Windows, as administrator', command: `certutil -addstore -f Root ${file}` }];
    default:
      return [
        {
          where: 'Debian, Ubuntu',
          command: `sudo cp ${file} /usr/local/share/ca-certificates/${name}.crt && sudo update-ca-certificates`,
        },
        { where: 'Fedora, Arch', command: `sudo trust anchor ${file}` },
        {
          // They do not ask the system there.
          where: 'Chromium, Chrome on Linux',
          command: `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n ${name} -i ${file}`,
        },
      ];
  }
}

/** Node asks no store of the system unless it is told to. */
function nodeVariable(file: string, platform: NodeJS.Platform): string {
  return platform === 'win32' ? `set NODE_EXTRA_CA_CERTS=${file}` : `export NODE_EXTRA_CA_CERTS=${file}`;
}

function quoted(path: string, platform: NodeJS.Platform): string {
  if (platform === 'win32') return `"${path}"`;
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

export function trustText(commands: TrustCommand[], bold: (text: string) => string): string {
  return commands.map(({ where, command }) => `${bold(where)}\n  ${command}`).join('\n');
}
