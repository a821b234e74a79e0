import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { CheckName } from '../../../cli/health/check.ts';
import type { HealthReport } from '../../../cli/health/examine.ts';
import { UserError } from '../../../cli/errors.ts';
import { sendJson, serverMetadata, startFakeGateway } from './fake-gateway.ts';

function found(report: HealthReport, check: CheckName) {
  return report.checks.find((result) => result.check === check);
}

function stream(response: ServerResponse, ...messages: object[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'one' });
  for (const message of messages)
    response.write(`event: message\r\ndata: ${JSON.stringify(message)}\r\n\r\n`);
}

const initialized = (capabilities: object, protocolVersion = '2025-11-25') => ({
  jsonrpc: '2.0',
  id: 1,
  result: { protocolVersion, capabilities },
});

describe('health', () => {
  it('is green when everything is as it should be', async () => {
    const gateway = await startFakeGateway();
    const report = await gateway.health();
    expect(report.healthy).toBe(true);
    expect(report.checks.map(({ check, state }) => [check, state])).toEqual(
      ['dns', 'discovery', 'jwks', 'store', 'metadata', 'challenge', 'initialize', 'tools'].map((name) => [
        name,
        'ok',
      ]),
    );
    expect(gateway.seen.at(-1)).toBe('DELETE /time/mcp');
    expect(gateway.asked.at(-1)).toEqual(['end', 'run']);
  });

  it.each<[CheckName, string, (response: ServerResponse) => void, RegExp]>([
    [
      'discovery',
      '/.well-known/oauth-authorization-server',
      (r) => sendJson(r, {}, 503),
      /answered with 503/,
    ],
    ['discovery', '/.well-known/oauth-authorization-server', (r) => sendJson(r, {}), /something else/],
    [
      'discovery',
      '/.well-known/oauth-authorization-server',
      (r) => sendJson(r, serverMetadata('https://other.example')),
      /names the issuer https:\/\/other\.example/,
    ],
    [
      'discovery',
      '/.well-known/oauth-authorization-server',
      (r) => {
        const issuer = `http://${r.req.headers.host}`;
        sendJson(r, { ...serverMetadata(issuer), protected_resources: [`${issuer}/fetch/mcp`] });
      },
      /does not name time among its resources/,
    ],
    ['jwks', '/.well-known/jwks.json', (r) => sendJson(r, { keys: [] }), /no RS256 key/],
    [
      'jwks',
      '/.well-known/jwks.json',
      (r) => sendJson(r, { keys: [{ kty: 'RSA', kid: 'a', alg: 'RS256', d: 'secret' }] }),
      /private half/,
    ],
    [
      'metadata',
      '/.well-known/oauth-protected-resource/time/mcp',
      (r) => sendJson(r, { resource: 'https://other.example/mcp', authorization_servers: [] }),
      /names the resource https:\/\/other\.example\/mcp/,
    ],
    ['challenge', '/time/mcp', (r) => sendJson(r, {}, 200), /answers 200 and not 401/],
    ['challenge', '/time/mcp', (r) => sendJson(r, {}, 401), /names no resource_metadata/],
    ['challenge', '/time/mcp', (r) => r.writeHead(502).end(), /answered with 502 instead of 401/],
    ['initialize', 'initialize', (r) => r.writeHead(502).end(), /initialize answered with 502/],
    ['initialize', 'initialize', (r) => r.destroy(), /connection was cut/],
    [
      'initialize',
      'initialize',
      (r) => sendJson(r, { jsonrpc: '2.0', id: 1, result: {} }),
      /not as MCP has it/,
    ],
    [
      'initialize',
      'initialize',
      (r) => sendJson(r, { jsonrpc: '2.0', id: 9, result: {} }),
      /was not answered/,
    ],
    [
      'initialize',
      'initialize',
      (r) => stream(r, { jsonrpc: '2.0', method: 'x' }) ?? r.end(),
      /was not answered/,
    ],
    [
      'initialize',
      'notifications/initialized',
      (r) => r.writeHead(500).end(),
      /initialized answered with 500/,
    ],
    [
      'tools',
      'tools/list',
      (r) => sendJson(r, { jsonrpc: '2.0', id: 2, error: { code: -32000, message: 'bad\u001b[2J\nthing' } }),
      /^tools\/list failed: bad \[2J thing \(-32000\)$/,
    ],
  ])('finds a fault of %s (%s, %#)', async (check, where, instead, problem) => {
    const gateway = await startFakeGateway();
    gateway.instead[where] = instead;
    const report = await gateway.health();
    expect(report.healthy).toBe(false);
    const result = found(report, check);
    expect(result).toMatchObject({ state: 'failed', detail: expect.stringMatching(problem) });
    expect(result?.remedy).not.toBe('');
    expect(report.checks.filter(({ state }) => state === 'failed')).toHaveLength(1);
    expect(gateway.asked.at(-1)).toEqual(['end', 'run']);
  });

  it('ends a session that it could not use', async () => {
    const gateway = await startFakeGateway();
    gateway.instead['notifications/initialized'] = (response) => void response.writeHead(500).end();
    await gateway.health();
    expect(gateway.seen).toContain('DELETE /time/mcp');
  });

  it('reads an answer from a stream that stays open, behind other messages', async () => {
    const gateway = await startFakeGateway();
    gateway.instead.initialize = (response) =>
      stream(
        response,
        { jsonrpc: '2.0', method: 'notifications/message' },
        initialized({ tools: {} }, '2025-06-18'),
      );
    const report = await gateway.health();
    expect(found(report, 'initialize')).toMatchObject({ state: 'ok', detail: 'speaks 2025-06-18' });
    expect(report.healthy).toBe(true);
  });

  it('does not ask for tools where there are none', async () => {
    const gateway = await startFakeGateway();
    gateway.instead.initialize = (response) => stream(response, initialized({}));
    const report = await gateway.health();
    expect(found(report, 'tools')).toMatchObject({ state: 'skipped' });
    expect(report.healthy).toBe(true);
  });

  it('ends a list of tools that has no end', async () => {
    const gateway = await startFakeGateway();
    let id = 1;
    gateway.instead['tools/list'] = (response) =>
      sendJson(response, { jsonrpc: '2.0', id: (id += 1), result: { tools: [], nextCursor: 'x' } });
    expect(found(await gateway.health(), 'tools')).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/does not end/),
    });
  });

  it('says when the store does not answer, and when auth cannot be asked', async () => {
    const gateway = await startFakeGateway();
    gateway.admin = async () => ({ status: 503, body: {} });
    const down = await gateway.health();
    expect(found(down, 'store')).toMatchObject({ state: 'failed', remedy: expect.stringContaining('redis') });
    expect(found(down, 'token')).toMatchObject({ state: 'failed' });
    gateway.admin = async () => {
      throw new UserError('auth does not run. Start it.');
    };
    const stopped = await gateway.health();
    expect(found(stopped, 'store')).toMatchObject({
      state: 'failed',
      detail: 'auth does not run. Start it.',
    });
    expect(found(stopped, 'initialize')).toMatchObject({ state: 'skipped' });
    // What needs no token is asked all the same.
    expect(found(stopped, 'challenge')).toMatchObject({ state: 'ok' });
  });

  it('asks nothing of a host that is unknown', async () => {
    const gateway = await startFakeGateway();
    gateway.services = [{ name: 'time', url: 'https://time.gateway.invalid/mcp' }];
    const report = await gateway.health();
    expect(report.checks.filter(({ state }) => state === 'failed').map(({ check }) => check)).toEqual([
      'dns',
    ]);
    expect(
      report.checks.filter(({ subject }) => subject === 'time').every(({ state }) => state === 'skipped'),
    ).toBe(true);
  });

  it('finds that nobody listens', async () => {
    const gateway = await startFakeGateway();
    gateway.issuer = 'http://127.0.0.1:1';
    expect(found(await gateway.health(), 'discovery')).toMatchObject({
      state: 'failed',
      detail: 'nothing listens there',
    });
  });
});
