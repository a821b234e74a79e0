/** The security invariants of DESIGN.md (5, 6, 10, 11 and 14), asserted on a stack that runs, not on its files. */
import { expect, it } from 'vitest';
import { connectLegacy, Credentials } from '../helpers/mcp-clients.ts';
import type { Stack } from '../helpers/stack.ts';
import { ALICE, BOB, entity, MALLORY, withClient } from './stack-calls.ts';
import { itConfinesContainers } from './stack-containers.ts';

/** What a client can say about itself, and nobody must believe. */
const CLAIMS = {
  ...{ 'x-user-id': 'evil', 'x-user-name': 'evil', 'x-client-id': 'evil' },
  ...{ 'x-mcpgw-context': 'evil.evil.evil', 'x-forwarded-user': 'evil', forwarded: 'for=6.6.6.6' },
  ...{ 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil.example', 'x-real-ip': '6.6.6.6' },
  ...{ 'x-forwarded-proto': 'evil', 'x-forwarded-port': '666', 'x-forwarded-uri': '/verify/time' },
};

/** @param services that run, with both echoes, `time`, `memory`, `filesystem` and `tmux` among them */
export function itKeepsTheInvariants(running: () => Stack, services: readonly string[]): void {
  it('keeps what alice stores from bob', async () => {
    const stack = running();
    const secret = { ...entity, name: 'secret-of-alice' };
    await withClient(stack, 'memory', ALICE, async (alice) => {
      await alice.callTool('create_entities', { entities: [secret] });
      expect(await alice.callTool('read_graph', {})).toContain('secret-of-alice');
    });
    await withClient(stack, 'memory', BOB, async (bob) => {
      expect(await bob.callTool('read_graph', {})).not.toContain('secret-of-alice');
    });
    const path = await withClient(stack, 'filesystem', ALICE, async (alice) => {
      const allowed = await alice.callTool('list_allowed_directories', {});
      const note = `${/\/data\/users\/\S+/.exec(allowed)?.[0] ?? ''}/note.txt`;
      await alice.callTool('write_file', { path: note, content: 'secret-of-alice' });
      expect(await alice.callTool('read_text_file', { path: note })).toContain('secret-of-alice');
      return note;
    });
    await withClient(stack, 'filesystem', BOB, async (bob) => {
      const refused = /denied|outside/i;
      expect(await bob.callTool('read_text_file', { path }).catch(String)).toMatch(refused);
      expect(await bob.callTool('list_directory', { path: '/data/users' }).catch(String)).toMatch(refused);
    });
    const opened = { session: 'alices', create: true, command: 'id -u' };
    await withClient(stack, 'tmux', ALICE, async (alice) => {
      expect(await alice.callTool('run_command', opened)).toMatch(/^[1-9]\d*\nexit code 0$/);
    });
    await withClient(stack, 'tmux', BOB, async (bob) => {
      expect(await bob.callTool('list_sessions', {})).not.toContain('alices');
    });
    // It stays when its client has gone.
    await withClient(stack, 'tmux', ALICE, async (alice) => {
      expect(await alice.callTool('list_sessions', {})).toContain('alices');
    });
  });

  it('lets nobody in who is not allowed', async () => {
    const { fetchAs, url } = running();
    await expect(connectLegacy(url('time'), { fetch: fetchAs(MALLORY) })).rejects.toThrow();
  });

  it('removes what a client claims about itself', async () => {
    const { fetchAs, url, issuer } = running();
    const client = await connectLegacy(url('echo-stateless'), { fetch: fetchAs(ALICE, CLAIMS) });
    const seen = await client.callTool('printHeader', {});
    await client.close();
    expect(seen).toMatch(/x-user-id: github:101/);
    expect(seen).not.toMatch(/6\.6\.6\.6|evil\.|666|x-(?:user|client)-\w+: evil/);
    const metadata = await fetchAs(ALICE, CLAIMS)(`${issuer}/.well-known/oauth-authorization-server`);
    expect(await metadata.json()).toMatchObject({ issuer });
  });

  it('takes a token only where it is for, whatever the request says', async () => {
    const { fetchAs, url, domain } = running();
    const credentials = new Credentials('for echo alone');
    const client = await connectLegacy(url('echo-stateless'), { fetch: fetchAs(ALICE), credentials });
    await client.close();
    const headers = {
      authorization: `Bearer ${String(credentials.held?.access_token)}`,
      'x-forwarded-host': `echo-stateless.${domain}`,
      'x-forwarded-uri': '/verify/echo-stateless',
      'x-original-url': '/verify/echo-stateless',
    };
    for (const service of services) {
      const response = await fetchAs(ALICE)(url(service), { method: 'POST', headers, body: '{}' });
      await response.body?.cancel();
      expect([service, response.status === 401]).toEqual([service, service !== 'echo-stateless']);
    }
  });

  it.each([
    ['auth', '/verify/time', 404],
    ['auth', '/verify/time/../../health', 404],
    ['auth', '/health', 404],
    ['auth', '/metrics', 404],
    ['auth', '/admin/clients', 404],
    ['time', '/verify/time', 401],
    ['time', '/health', 401],
    ['time', '/metrics', 401],
    ['echo-stateless', '/metrics', 401],
    ['time', '/', 401],
    ['nobody', '/mcp', 404],
  ])('%s%s is %d from outside', async (host, path, status) => {
    const { fetchAs, domain, port } = running();
    // A name that is in no certificate comes under one that is.
    const fronted = fetchAs(ALICE, {}, `${host === 'nobody' ? 'auth' : host}.${domain}`);
    const response = await fronted(`https://${host}.${domain}:${port}${path}`);
    await response.body?.cancel();
    expect(response.status).toBe(status);
  });

  it('leads from HTTP to HTTPS, and answers nothing else there', async () => {
    const { fetchAs, url, domain, httpPort } = running();
    const plain = await fetchAs(ALICE)(`http://time.${domain}:${httpPort}/mcp`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([301, url('time')]);
  });

  itConfinesContainers(running, services);
}
