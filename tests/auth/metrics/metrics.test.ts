import { describe, expect, it, onTestFinished } from 'vitest';
import type { RateLimits } from '../../../runtime/auth/limits/rules.ts';
import { listenForMetrics } from '../../../runtime/metrics/listen.ts';
import { createMetrics } from '../../../runtime/auth/metrics/metrics.ts';
import { routeTable } from '../../../runtime/config/routes.ts';
import { postToken, refreshForm, registerClient, signIn } from '../../helpers/oauth-flow.ts';
import { startTestAuth } from '../../helpers/oauth-server.ts';

async function start(rateLimits: RateLimits = {}) {
  const test = await startTestAuth({ settings: { rateLimits } });
  const listener = await listenForMetrics(test.auth.context.metrics, 0, '127.0.0.1');
  onTestFinished(async () => {
    await listener.close();
    await test.close();
  });
  return { test, url: `http://127.0.0.1:${listener.port}/metrics` };
}

describe('metrics', () => {
  it('count requests, decisions, events and steps of the store, on a port of their own', async () => {
    const { test, url } = await start();
    const flow = await signIn(test, { authorize: { resource: test.resource('echo') } });
    const authorization = `Bearer ${flow.tokens.access_token}`;
    for (let count = 0; count < 3; count++) await test.auth.verify({ service: 'echo', authorization });
    await test.auth.verify({ service: 'echo' });
    await test.auth.verify({ service: 'nothing', authorization });
    await test.auth.verify({ service: 'echo', authorization: 'Bearer x' });
    await postToken(test, refreshForm(flow.client, flow.tokens.refresh_token));
    const answer = await fetch(url);
    expect(answer.headers.get('content-type')).toContain('version=0.0.4');
    const text = await answer.text();
    expect(text).toMatch(
      /^mcpgw_auth_request_seconds_count\{method="POST",route="\/token",status="200"\} 2$/m,
    );
    expect(text).toMatch(/^mcpgw_auth_verify_total\{status="200",token="known"\} 2$/m);
    expect(text).toMatch(/^mcpgw_auth_verify_total\{status="200",token="checked"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_verify_total\{status="401",token="checked"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_verify_total\{status="401",token="none"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_verify_total\{status="404",token="none"\} 1$/m);
    expect(text).not.toMatch(/status="40[14]",token="known"/);
    expect(text).toMatch(/^mcpgw_auth_tokens_issued_total\{grant_type="authorization_code"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_tokens_issued_total\{grant_type="refresh_token"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_token_cache_entries\{service="echo"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_token_cache_entries\{service="fetch"\} 0$/m);
    expect(text).toMatch(/^mcpgw_auth_token_cache_bytes\{service="echo"\} [1-9]\d+$/m);
    expect(text).toMatch(/^mcpgw_auth_events_total\{event="tokens_issued"\} 1$/m);
    expect(text).toMatch(/^mcpgw_auth_store_seconds_count\{step="redeemCode"\} 1$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    for (const secret of [flow.answer.get('code'), flow.tokens.access_token, flow.client.client_id])
      expect(text).not.toContain(secret);
    expect((await fetch(url.replace('/metrics', '/'))).status).toBe(404);
  });

  it('say which limit refused how many', async () => {
    const { test, url } = await start({ registrationsByAddress: { burst: 1, perSecond: 0.1 } });
    await registerClient(test.origin);
    for (let count = 0; count < 2; count++) await expect(registerClient(test.origin)).rejects.toThrow('429');
    expect(await (await fetch(url)).text()).toMatch(
      /^mcpgw_auth_rate_limited_total\{limit="registrationsByAddress"\} 2$/m,
    );
  });

  it('are nowhere on the way from outside', async () => {
    const { test } = await start();
    expect((await fetch(`${test.origin}/metrics`)).status).toBe(404);
    expect((await test.auth.app.inject('/metrics')).statusCode).toBe(404);
    const paths = routeTable(test.settings.topology).flatMap((route) =>
      route.target.to === 'auth' ? route.paths : [],
    );
    expect(JSON.stringify(paths)).not.toContain('metrics');
  });

  it('say that the store fails', async () => {
    const { test, url } = await start();
    test.store.down = true;
    await test.auth.app.inject('/health');
    expect(await (await fetch(url)).text()).toMatch(/^mcpgw_auth_store_errors_total\{step="ping"\} 1$/m);
  });

  it('escape what stands in a label', () => {
    const metrics = createMetrics();
    metrics.event('a"b\\c\nd');
    expect(metrics.text()).toContain('{event="a\\"b\\\\c\\nd"} 1');
  });
});
