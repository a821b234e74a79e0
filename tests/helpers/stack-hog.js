/** A stdio MCP server that, when its tool is called with `hog`, takes all memory that there is. */
import { Buffer } from 'node:buffer';
import { createInterface } from 'node:readline';

const held = [];

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  if (method === 'tools/call' && params.name === 'hog') {
    for (;;) held.push(Buffer.alloc(1024 * 1024, 1));
  }
  const serverInfo = { name: 'hog', version: '1' };
  const result =
    method === 'initialize'
      ? { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo }
      : { content: [{ type: 'text', text: 'still here' }] };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
});
