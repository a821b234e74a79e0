import { describe, expect, it } from 'vitest';
import { createEchoStateful } from '../../../runtime/services/echo-stateful/server.ts';
import { createEchoStateless } from '../../../runtime/services/echo-stateless/server.ts';
import { START_MS, clients, start, tokenOf } from '../harness.ts';

const SHARED = [
  'authContext',
  'bearerDecode',
  'corsAnalysis',
  'echo',
  'environmentDump',
  'healthProbe',
  'printHeader',
  'requestTiming',
  'sessionInfo',
  'whoIStheGOAT',
];

const services = [
  { kind: 'stateful', create: createEchoStateful, tools: [...SHARED, 'replayLastEcho'].sort() },
  { kind: 'stateless', create: createEchoStateless, tools: SHARED },
];

const cases = services.flatMap((service) => clients.map((client) => ({ ...service, ...client })));

describe.each(cases)('the tools of $kind, by $sdk', ({ create, tools, connect, version }) => {
  const connected = async () => {
    const running = await start(create);
    const client = await connect(running, () => running.headers('alice'));
    return { running, client };
  };

  it('speaks the newest protocol of the client and lists the tools, twice the same', async () => {
    const { client } = await connected();
    expect(client.protocolVersion()).toBe(version);
    expect((await client.toolNames()).sort()).toEqual(tools);
    expect((await client.toolNames()).sort()).toEqual(tools);
  });

  it('echo returns the message as it is', async () => {
    const { client } = await connected();
    expect(await client.call('echo', { message: 'grüß dich 👋\n' })).toMatchObject({
      text: 'grüß dich 👋\n',
      failed: false,
    });
  });

  it('a wrong argument is named', async () => {
    const { client } = await connected();
    const answer = await client.call('echo', { message: 7 });
    expect(answer.failed).toBe(true);
    expect(answer.text).toContain('Invalid arguments for echo');
    expect(answer.text).toContain('message');
  });

  it('an unknown tool is an error of the protocol', async () => {
    const { client } = await connected();
    await expect(client.call('nope')).rejects.toThrow('Unknown tool: nope');
  });

  it('printHeader shows who one is and hides the token and the signed context', async () => {
    const { running, client } = await connected();
    const { text, data } = await client.call('printHeader');
    expect(text).toContain('x-user-name: alice');
    expect(text).toContain('x-user-id: github:alice');
    expect(text).toContain('x-client-id: client-of-alice');
    expect(data['headers']).toMatchObject({
      authorization: 'Bearer [REDACTED]',
      'x-mcpgw-context': '[REDACTED]',
    });
    const everything = text + JSON.stringify(data);
    expect(everything).not.toContain(tokenOf('alice', START_MS));
    expect(everything).not.toContain(running.headers('alice')['x-mcpgw-context']);
    expect(everything).not.toContain('eyJ');
  });

  it('bearerDecode shows header, claims and time left, and not the token', async () => {
    const { client } = await connected();
    const { text, data } = await client.call('bearerDecode');
    expect(data).toEqual({
      header: { alg: 'RS256', kid: 'k1', typ: 'at+jwt' },
      claims: { sub: 'github:alice', exp: START_MS / 1000 + 3661 },
      verified: false,
      secondsLeft: 3661,
    });
    expect(text).toContain('Valid for another 1 h 1 min 1 s');
    expect(text).not.toContain('c2lnbmF0dXJl');
  });

  it('authContext shows what is signed', async () => {
    const { client } = await connected();
    const { text, data } = await client.call('authContext');
    expect(data).toEqual({
      user: { id: 'github:alice', name: 'alice' },
      clientId: 'client-of-alice',
      groups: ['staff'],
      scopes: ['mcp:echo', 'offline_access'],
      service: 'echo',
    });
    expect(text).toContain('User: alice (github:alice)');
    expect(text).toContain('Tools allowed: all');
  });

  it('requestTiming shows when the request arrived', async () => {
    const { client } = await connected();
    expect((await client.call('requestTiming')).data).toEqual({
      receivedAt: '2026-08-01T00:00:00.000Z',
      readAndParseMs: 0,
      untilToolMs: 0,
      contextAgeSeconds: 0,
    });
  });

  it('corsAnalysis answers for any origin', async () => {
    const { client } = await connected();
    expect((await client.call('corsAnalysis')).data).toMatchObject({ allowed: true, headers: {} });
    expect((await client.call('corsAnalysis', { origin: 'https://evil.example' })).data).toMatchObject({
      allowed: false,
    });
    expect((await client.call('corsAnalysis', { origin: 'https://app.example.com' })).data).toMatchObject({
      allowed: true,
      headers: { 'Access-Control-Allow-Origin': 'https://app.example.com' },
    });
  });

  it('environmentDump shows the allow-list alone', async () => {
    const { client } = await connected();
    const { text, data } = await client.call('environmentDump');
    expect(data['environment']).toEqual({ BASE_DOMAIN: 'example.com', MCP_PROTOCOL_VERSION: '2025-11-25' });
    expect(text).not.toContain('hunter2');
  });

  it('healthProbe shows memory, uptime and load', async () => {
    const { client } = await connected();
    const { text, data } = await client.call('healthProbe');
    expect(data).toMatchObject({ status: 'ok', nodeVersion: process.versions.node });
    expect(data['rssBytes']).toBeGreaterThan(1_000_000);
    expect(text).toMatch(/Load \(1, 5, 15 min\): \d/);
  });

  it('whoIStheGOAT knows', async () => {
    const { client } = await connected();
    expect((await client.call('whoIStheGOAT')).text).toContain('The greatest of all time is alice.');
  });
});

describe('bearerDecode', () => {
  const decodeWith = async (authorization: string | undefined) => {
    const running = await start(createEchoStateless);
    const headers = running.headers('alice');
    if (authorization === undefined) delete headers['authorization'];
    else headers['authorization'] = authorization;
    const client = await clients[0].connect(running, () => headers);
    return client.call('bearerDecode');
  };

  it('says when no token arrives', async () => {
    expect(await decodeWith(undefined)).toMatchObject({
      failed: true,
      text: expect.stringContaining('No bearer token'),
    });
  });

  it('says when the token is opaque, without showing it', async () => {
    const answer = await decodeWith('Bearer opaque-token-of-alice');
    expect(answer).toMatchObject({ failed: true, text: expect.stringContaining('opaque') });
    expect(answer.text).not.toContain('opaque-token-of-alice');
  });

  it('says how long ago a token has expired', async () => {
    expect((await decodeWith(`Bearer ${tokenOf('alice', START_MS - 3_721_000)}`)).text).toContain(
      'Expired 1 min ago',
    );
  });
});
