/** What the services and their clients are held to. */
import { z } from 'zod';
import { clientHosts, integer, list, origins } from '../fields.ts';
import { keysOf } from '../key-meta.ts';

const key = keysOf('MCP');

export const spareChildren = () => integer(0, 16);

export const mcpKeys = {
  MCP_PROTOCOL_VERSION: key(z.enum(['2025-03-26', '2025-06-18', '2025-11-25']).default('2025-11-25'), {
    title: 'MCP protocol version',
    description: 'The version that health checks speak. Clients negotiate their own.',
    example: '2025-11-25',
  }),
  MCP_CORS_ORIGINS: key(origins().default(['*']), {
    title: 'Browser origins',
    description:
      'Origins whose pages may call the gateway, separated by commas. *: any, without credentials.',
    example: 'https://app.example.com',
  }),
  MCP_MAX_SESSIONS: key(integer(1, 100_000).default(100), {
    title: 'Sessions per service',
    description: 'Further ones are refused with 503 until one ends.',
    example: '100',
  }),
  MCP_MAX_SESSIONS_PER_USER: key(integer(1, 100_000).default(20), {
    title: 'Sessions per user and service',
    description: 'Further ones are refused with 429 until one ends.',
    example: '20',
  }),
  MCP_MAX_CHILDREN: key(integer(1, 100_000).default(100), {
    title: 'Server processes per service',
    description: 'Processes of one stdio server, whoever they are for. Further ones are refused with 503.',
    example: '100',
  }),
  MCP_MAX_CHILDREN_PER_USER: key(integer(1, 100_000).default(20), {
    title: 'Server processes per user and service',
    description: 'Further ones are refused with 429 until one ends.',
    example: '20',
  }),
  MCP_SPARE_CHILDREN: key(spareChildren().default(1), {
    title: 'Spare server processes',
    description:
      'Processes of a stdio server that stand ready, so that a new session does not wait for a start. One costs the memory of a session; it is started after the first session (for a service with data of its users: of that user) and ends after 10 minutes without one. 0: none.',
    example: '1',
  }),
  MCP_MAX_MESSAGE_BYTES: key(integer(65_536, 1_073_741_824, 'bytes').default(10_485_760), {
    title: 'Largest message',
    description: 'Bytes of one JSON-RPC message, either way.',
    example: '10485760',
  }),
  CLIENT_DOCUMENT_DOMAINS: key(clientHosts().default(['*']), {
    title: 'Client document hosts',
    description:
      'Hosts whose client ID metadata documents are taken (a client names itself by the URL of one, without registering), separated by commas. *: any. Empty: none.',
    example: 'claude.ai,chatgpt.com,vscode.dev',
  }),
  PRIVATE_USE_REDIRECTS: key(list().default(['cursor://anysphere.cursor-mcp/oauth/callback']), {
    title: 'Private-use redirects',
    description:
      'Redirect URIs with a scheme that has no dot which clients may register, separated by commas, exact.',
    example: 'cursor://anysphere.cursor-mcp/oauth/callback',
  }),
};
