/** The conformance server of 2026-07-28 over stdio, which refuses the handshake. */
import { enableCompileCache } from 'node:module';

// As in `handshake-stdio.ts`.
enableCompileCache();
const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
const { createModernServer } = await import('./modern-server.ts');
serveStdio(createModernServer, { legacy: 'reject' });
console.error('ready');
