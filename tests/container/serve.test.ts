import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SERVE = fileURLToPath(import.meta.resolve('../../runtime/container/serve.ts'));
const LOG = fileURLToPath(import.meta.resolve('../../runtime/config/log.ts'));

/** Answers only once it no longer listens. */
const PROGRAM = `
  import { serve } from ${JSON.stringify(SERVE)};
  import { silentLogger } from ${JSON.stringify(LOG)};
  const server = serve({
    port: 0,
    logger: silentLogger,
    listener: (request, response) => {
      console.log('asked');
      const answer = () => {
        if (server.listening) return setTimeout(answer, 10);
        response.end('served', () => console.log('answered'));
      };
      answer();
    },
    close: async () => console.log('close'),
    last: async () => console.log('last'),
  });
  const cut = server.closeAllConnections.bind(server);
  server.closeAllConnections = () => {
    console.log('cut');
    cut();
  };
  server.on('listening', () => console.log(server.address().port));
`;

it('a server that is told to stop takes from requests nothing that they need', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout }).on('line', (line) => said.push(line));
  const [port] = (await once(lines, 'line')) as [string];
  const answer = fetch(`http://127.0.0.1:${port}/`);
  await once(lines, 'line');
  child.kill('SIGTERM');
  expect(await (await answer).text()).toBe('served');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(said.slice(1)).toEqual(['asked', 'close', 'answered', 'last']);
});
