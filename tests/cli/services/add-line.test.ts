/** `services add` as a person types it: mistakes in the line itself. */
import { expect, test } from 'vitest';
import { mcpgw } from '../support/cli.ts';
import { readAll, temporaryFolder } from '../support/run-init.ts';

const SECRET = 'correct-horse-4711';

const add = (folder: string, ...words: string[]) => mcpgw(['services', 'add', '--dir', folder, ...words]);

test.each([
  ['--secret', `TOKEN=${SECRET}`],
  ['--secret', `TOKEN ${SECRET}`],
  ['--env', `TOKEN ${SECRET}`],
  ['--env', `TOKEN:${SECRET}`],
  ['--secret-file', `TOKEN:${SECRET}`],
  ['--header', `Authorization Bearer ${SECRET}`, '--url', 'https://mcp.example.com/mcp'],
  ['--secret-header', `Authorization Bearer ${SECRET}`, '--url', 'https://mcp.example.com/mcp'],
])('a secret that is given as an argument (%s %s) is not repeated', async (...words) => {
  const command = words.includes('--url') ? [] : ['--', 'node'];
  const folder = temporaryFolder();
  const result = await add(folder, 'x', '--json', ...words, ...command);
  expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(/argument|NAME=/) });
  expect(result.stdout + result.stderr).not.toContain(SECRET);
  expect(readAll(folder).size).toBe(0);
});

test('a line without a name, or without --, is refused with what is missing', async () => {
  const folder = temporaryFolder();
  const nameless = await add(folder, '--', 'npx', '-y', '@scope/server');
  expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining('a name, before --') });
  const joined = await add(folder, 'mine', 'npx', '-y', '@scope/server');
  expect(joined).toMatchObject({ code: 2, stderr: expect.stringContaining('goes behind --') });
  const served = await mcpgw(['dev', 'npx', '-y', '@scope/server']);
  expect(served).toMatchObject({ code: 2, stderr: expect.stringContaining('goes behind --') });
  expect(readAll(folder).size).toBe(0);
});
