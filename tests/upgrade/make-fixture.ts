/**
 * Makes the fixture of this release: `npm run build && node tests/upgrade/make-fixture.ts NAME`. It is what `upgrade.test.ts`
 * lets later ones go on with: the tree of a gateway, and the state of `mcpgw dev` after a client has signed in.
 */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectLegacy, Credentials } from '../helpers/mcp-clients.ts';
import { mcpgw, startDev } from '../helpers/mcpgw-process.ts';
import { entity } from '../helpers/service-calls.ts';

const SECRETS = {
  PASSWORD: 'a password of this fixture',
  KEY: 'of two\nlines',
  Authorization: 'Bearer fixture',
};

async function done(args: string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const { code, stderr } = await mcpgw(args, { env: { ...process.env, ...env } });
  if (code !== 0) throw new Error(`mcpgw ${args.join(' ')} ended with ${code}:\n${stderr}`);
}

async function makeGateway(folder: string): Promise<void> {
  const answers = { domain: 'mcp.example.com', 'acme-email': 'ops@example.com' };
  const github = { 'github-client-id': 'Ov23fixture', 'allowed-users': 'octocat' };
  const flags = Object.entries({ ...answers, ...github }).map(([name, value]) => `--${name}=${value}`);
  await done(['init', '--yes', '--dir', folder, ...flags], { GITHUB_CLIENT_SECRET: 'fixture-github-secret' });
  const add = ['services', 'add', '--dir', folder];
  await done(
    [...add, 'mine', '--secret', 'PASSWORD', '--secret', 'KEY', '--', 'mine-server', '{data}'],
    SECRETS,
  );
  const remote = ['--url', 'https://elsewhere.example.com/mcp', '--secret-header', 'Authorization'];
  await done([...add, 'elsewhere', ...remote], SECRETS);
  appendFileSync(join(folder, '.env'), 'MCP_MEMORY_PROCESS=user\n# a line of my own\nMY_OWN=kept\n');
  await done(['generate', '--dir', folder]);
  renameSync(join(folder, '.gitignore'), join(folder, 'gitignore'));
}

/** On the port that the test's own authorization server has. */
async function makeDev(folder: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'mcpgw-fixture-'));
  const env = { ...process.env, LOCAL_USER: 'fixture' };
  const args = ['--services', 'echo-stateless,memory', '--port', '18080'];
  const dev = await startDev(args, { cwd: scratch, env });
  const credentials = new Credentials('fixture client');
  const client = await connectLegacy(dev.urls['echo-stateless'] as string, { credentials });
  await client.close();
  const memory = await connectLegacy(dev.urls['memory'] as string);
  await memory.callTool('create_entities', { entities: [entity] });
  await memory.close();
  await dev.stop();
  const madeAt = new Date().toISOString();
  const kept = { made_at: madeAt, client: credentials.client, tokens: credentials.held };
  mkdirSync(folder);
  for (const part of ['mcpgw.db', 'root-secret', 'data'])
    cpSync(join(scratch, '.mcpgw', part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'credentials.json'), `${JSON.stringify(kept, undefined, 2)}\n`);
  rmSync(scratch, { recursive: true, force: true });
}

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('usage: make-fixture.ts NAME, such as 0.1.0');
const root = join(fileURLToPath(new URL('../fixtures', import.meta.url)), name);
mkdirSync(root);
await makeGateway(join(root, 'gateway'));
await makeDev(join(root, 'dev'));
