/** The conformance server of 2026-07-28 over stdio, which refuses the handshake. */
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createModernServer } from './modern-server.ts';

serveStdio(createModernServer, { legacy: 'reject' });
