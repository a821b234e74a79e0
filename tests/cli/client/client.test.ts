import { describe, expect, it } from 'vitest';
import { runClientDelete } from '../../../cli/client/delete.ts';
import { runClientList } from '../../../cli/client/list.ts';
import { runRegister } from '../../../cli/client/register.ts';
import { documentClientText, runClientShow } from '../../../cli/client/show.ts';
import type { RegisterFlags } from '../../../cli/commands/client/register.ts';
import { createOutput, type Output, type OutputFlags } from '../../../cli/output.ts';
import { startTestGateway } from '../health/embedded-gateway.ts';
import { mcpgw } from '../support/cli.ts';
import { captureSinks } from '../support/run-init.ts';

const NAME = 'A "job"\u001b[2J';
const REDIRECT_URI = 'http://127.0.0.1/callback';

/** Runs a command in this process. @returns its standard output */
async function outputOf(
  command: (output: Output) => Promise<void>,
  flags: OutputFlags = {},
): Promise<string> {
  const { captured, stdout, stderr } = captureSinks();
  await command(createOutput(flags, stdout, stderr, {}));
  return captured.stdout;
}

function registration(change: Partial<RegisterFlags>): RegisterFlags {
  return {
    dir: '/nonexistent',
    name: NAME,
    redirectUri: [REDIRECT_URI],
    grantTypes: 'authorization_code,refresh_token',
    resolve: [],
    ...change,
  };
}

const register = (change: Partial<RegisterFlags>, flags: OutputFlags = {}) =>
  outputOf((output) => runRegister(registration(change), output), flags);

describe('mcpgw client', () => {
  it('registers a client for a script, as the operator, where that is on', async () => {
    const { folder, gateway } = await startTestGateway({ CLIENT_CREDENTIALS: 'true' });
    const script = {
      dir: folder,
      redirectUri: [],
      grantTypes: 'client_credentials',
      scope: 'mcp:echo-stateful',
    };
    const registered = JSON.parse(await register(script, { json: true })) as Record<string, string>;
    expect(registered).toMatchObject({ grant_types: ['client_credentials'], scope: 'mcp:echo-stateful' });
    const response = await fetch(`${gateway.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: registered['client_id'] ?? '',
        client_secret: registered['client_secret'] ?? '',
      }),
    });
    expect(response.status).toBe(200);
    await expect(register({ ...script, url: gateway.issuer })).rejects.toThrow(/run it in the folder/);
    await expect(register({ dir: folder, redirectUri: [] })).rejects.toThrow(/--redirect-uri is missing/);
    const off = await startTestGateway();
    await expect(register({ ...script, dir: off.folder })).rejects.toThrow(/CLIENT_CREDENTIALS=true/);
  });

  it('registers as the operator where registration is closed, and elsewhere as any client', async () => {
    const { folder, gateway } = await startTestGateway({
      REGISTRATION_TOKEN: 'initial-access-token-0123456789',
    });
    const made = JSON.parse(await register({ dir: folder }, { json: true })) as Record<string, string>;
    const shown = await outputOf((output) => runClientShow(made['client_id'] ?? '', { dir: folder }, output));
    // Nobody's sign-in is waited for.
    const endMs = Date.parse((/^ends +(.*) UTC$/m.exec(shown)?.[1] ?? '').replace(' ', 'T') + 'Z');
    expect(endMs).toBeGreaterThan(Date.now() + 2 * 86_400_000);
    await expect(register({ url: gateway.issuer })).rejects.toThrow(
      /refused: invalid_token: .*initial access/,
    );
    await expect(register({ dir: folder, resolve: ['a:443:127.0.0.1'] })).rejects.toThrow(/goes with --url/);
  });

  it('registers with credentials shown once', async () => {
    const { folder, gateway, events } = await startTestGateway();
    const registered = JSON.parse(await register({ dir: folder }, { json: true }));
    expect(registered).toMatchObject({
      client_id: expect.any(String),
      client_secret: expect.any(String),
      client_secret_expires_at: expect.any(Number),
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [REDIRECT_URI],
    });
    const open = await register({
      url: gateway.issuer,
      redirectUri: ['https://a.example/cb', REDIRECT_URI],
      authMethod: 'none',
      grantTypes: 'authorization_code',
      scope: 'mcp:echo-stateful',
    });
    expect(open).toMatch(/^client_id +\S+$/m);
    expect(open).not.toContain('client_secret');
    expect(open).toMatch(/^redirect URI +https:\/\/a\.example\/cb\nredirect URI +http:\/\/127/m);
    expect(open).toMatch(/^scope +mcp:echo-stateful$/m);

    const list = await outputOf((output) => runClientList({ dir: folder }, output));
    expect(list.split('\n')[0]).toMatch(/^CLIENT ID +NAME/);
    expect(list).toContain(registered.client_id);
    expect(list).not.toContain('\u001b');
    const json = await outputOf((output) => runClientList({ dir: folder }, output), { json: true });
    expect(JSON.parse(json).clients).toHaveLength(2);
    expect(json + JSON.stringify(events)).not.toContain(registered.client_secret);
  });

  it('shows and deletes', async () => {
    const { folder, events } = await startTestGateway();
    const { client_id: id } = JSON.parse(await register({ dir: folder }, { json: true }));
    const shown = await outputOf((output) => runClientShow(id, { dir: folder }, output));
    expect(shown).toMatch(/^registered +\d{4}-\d\d-\d\d \d\d:\d\d UTC$/m);
    expect(shown).not.toContain('\u001b');
    // There is no terminal to ask on, or the person of this test would be asked.
    if (process.stdin.isTTY !== true) {
      await expect(runClientDelete(id, { dir: folder })).rejects.toMatchObject({ exitCode: 2 });
    }
    expect(await outputOf((output) => runClientShow(id, { dir: folder }, output))).toBe(shown);
    expect(await outputOf((output) => runClientDelete(id, { dir: folder, yes: true }, output))).toContain(id);
    await expect(runClientShow(id, { dir: folder })).rejects.toThrow(/there is no client/);
    await expect(runClientDelete(id, { dir: folder, yes: true })).rejects.toThrow(/there is no client/);
    expect(JSON.stringify(events)).toContain('client_deleted');
  });

  it('ends what a client had that is the URL of a metadata document', async () => {
    const { folder, events } = await startTestGateway();
    const url = 'https://client.example/metadata.json';
    await expect(runClientShow(url, { dir: folder })).rejects.toThrow(/no document of https.* is kept/);
    const ended = await outputOf((output) => runClientDelete(url, { dir: folder, yes: true }, output));
    expect(ended).toContain(`Ended the tokens of ${url}, and what people agreed to`);
    expect(JSON.stringify(events)).toContain('client_deleted');
    await expect(runClientDelete('https://client.example', { dir: folder, yes: true })).rejects.toThrow(
      /can be no client/,
    );
    const text = documentClientText(
      {
        client_id: url,
        fetched_at: '2026-01-02T03:04:05.000Z',
        fresh_until: '2026-01-02T04:04:05.000Z',
        access_ended_at: '2026-01-01T00:00:00.000Z',
        metadata: {
          redirect_uris: [REDIRECT_URI],
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code'],
          response_types: ['code'],
          scope: 'mcp:x',
          client_name: NAME,
        },
      },
      Infinity,
    );
    expect(text).toMatch(/^document +fetched 2026-01-02 03:04 UTC, kept until 2026-01-02 04:04 UTC$/m);
    expect(text).toMatch(/^access ended +2026-01-01 00:00 UTC$/m);
    expect(text).not.toContain('\u001b');
  });

  it('works as a process, for an id that starts with a dash too', async () => {
    const { folder } = await startTestGateway();
    const args = ['client', 'register', '--dir', folder, '--name', 'x', '--redirect-uri', REDIRECT_URI];
    expect(await mcpgw(args)).toMatchObject({ code: 0, stderr: expect.stringContaining('only time') });
    expect(await mcpgw(['client', 'show', '--dir', folder, '--', '-qy'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no client -qy'),
    });
    expect(await mcpgw(args.slice(0, -2))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--redirect-uri'),
    });
  });

  it('says why a registration was refused', async () => {
    const { gateway } = await startTestGateway();
    await expect(register({ url: gateway.issuer, redirectUri: ['javascript:alert(1)'] })).rejects.toThrow(
      /the registration was refused: invalid_redirect_uri/,
    );
  });

  it.each([
    ['http://127.0.0.1:1', 1, /nothing listens there/],
    ['https://auth.gateway.invalid', 1, /DNS knows no address/],
    ['auth.example.com', 2, /must be the issuer/],
    ['https://example.com/auth', 2, /must be the issuer/],
  ])('says what is wrong with --url %s', async (url, exitCode, message) => {
    const refused: unknown = await register({ url }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ exitCode, message: expect.stringMatching(message) });
  });
});
