/** The conformance server over stdio, for a proxy to start. */
import { enableCompileCache } from 'node:module';

// Some of the suite's scenarios wait less than a second for the first answer of a new child.
enableCompileCache();
const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js');
const { serveConformance } = await import('./handshake-server.ts');
await serveConformance(new StdioServerTransport());
// `hosts.ts` waits for it.
console.error('ready');
