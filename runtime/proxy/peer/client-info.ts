/** Who a server's client is, where that is the proxy itself. */
export const CLIENT_INFO = { name: 'mcpgw', title: 'MCP gateway', version: '1' };
