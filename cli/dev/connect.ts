/** Lines to paste that connect the clients people use to an MCP URL. */

export interface ConnectLine {
  client: string;
  line: string;
}

/** @param url the MCP URL of the service `name` */
export function connectLines(name: string, url: string): ConnectLine[] {
  return [
    { client: 'Claude Code', line: `claude mcp add --transport http ${name} ${url}` },
    { client: 'VS Code', line: `code --add-mcp '${JSON.stringify({ name, type: 'http', url })}'` },
    {
      client: 'Cursor',
      line: JSON.stringify({ mcpServers: { [name]: { url } } }) + '  (in .cursor/mcp.json)',
    },
    {
      client: 'MCP Inspector',
      line: `npx @modelcontextprotocol/inspector --transport http --server-url ${url}`,
    },
  ];
}

/**
 * What `dev` and `up` print when a gateway is ready: a heading, and for each client its line to paste.
 * @param urls MCP URL by service, at least one
 */
export function connectText(urls: [name: string, url: string][], bold: (text: string) => string): string[] {
  // The diagnostics show what arrives here; who begins wants a server.
  const first = urls.find(([name]) => !name.startsWith('echo-')) ?? urls[0];
  if (first === undefined) return [];
  const others = urls.length > 1 ? ` (to ${first[0]}; the others likewise)` : '';
  return [
    bold(`Connect a client${others}`),
    ...connectLines(...first).map(({ client, line }) => `  ${client}\n    ${line}`),
  ];
}
