import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../cli/health/check.ts';
import type { HealthReport } from '../../../cli/health/examine.ts';
import { duration, healthText } from '../../../cli/health/report.ts';
import { createOutput } from '../../../cli/output.ts';

const { style } = createOutput({}, { write: () => undefined }, { write: () => undefined }, {});
const SERVICES = ['echo-stateful', 'fetch', 'sequentialthinking'];

function reportOf(change: (result: CheckResult) => CheckResult = (result) => result): HealthReport {
  const result = (check: CheckResult['check'], subject: string, ms: number, detail: string): CheckResult => ({
    ...{ check, subject, ms, detail },
    state: 'ok',
  });
  const checks = [
    ...SERVICES.flatMap((name) => [
      result('dns', `${name}.mcp.example.com`, 12, '203.0.113.7'),
      result('tls', `${name}.mcp.example.com`, 34, '62 days left (2027-01-25), Let’s Encrypt'),
    ]),
    result('discovery', 'gateway', 8, 'issuer and endpoints agree'),
    result('jwks', 'gateway', 3, '1 key'),
    result('store', 'gateway', 410, 'answers auth in 0.4 ms'),
    ...SERVICES.flatMap((name) => [
      result('metadata', name, 4, ''),
      result('challenge', name, 0.4, ''),
      result('initialize', name, 1_234, 'speaks 2025-11-25'),
      result('tools', name, 15, '11 tools'),
    ]),
  ].map(change);
  return {
    healthy: checks.every(({ state }) => state !== 'failed'),
    gateway: { kind: 'compose', issuer: 'https://auth.mcp.example.com', store: 'Redis' },
    checkedAt: new Date(2026, 10, 24, 6, 7, 8).toISOString(),
    ms: 1_500,
    checks,
  };
}

describe('the report of health', () => {
  it('is a table with times', () => {
    const text = healthText(reportOf(), style);
    expect(text).toMatchInlineSnapshot(`
      "https://auth.mcp.example.com  Compose, 06:07:08

      CHECK       STATE        TIME   FOUND
      DNS         ok          12 ms   3 names: 203.0.113.7
      TLS         ok          34 ms   62 days left (2027-01-25), Let’s Encrypt
      discovery   ok           8 ms   issuer and endpoints agree
      JWKS        ok           3 ms   1 key
      Redis       ok         410 ms   answers auth in 0.4 ms

      SERVICE                  METADATA    CHALLENGE   INITIALIZE        TOOLS
      echo-stateful                4 ms        <1 ms        1.2 s  11 in 15 ms
      fetch                        4 ms        <1 ms        1.2 s  11 in 15 ms
      sequentialthinking           4 ms        <1 ms        1.2 s  11 in 15 ms

      Healthy: 21 checks passed (1.5 s)"
    `);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it('tells what is wrong once, with what to do, in 80 columns', () => {
    const text = healthText(
      reportOf((result) => {
        if (result.check === 'dns') {
          return {
            ...result,
            state: 'failed',
            detail: 'DNS knows no address for it',
            remedy: 'add a DNS record',
          };
        }
        if (result.check === 'tls' && result.subject.startsWith('fetch')) {
          return {
            ...result,
            state: 'warning',
            remedy: `it should have been renewed by now: ${'see the log '.repeat(9)}`,
          };
        }
        return result.check === 'initialize' ? { ...result, state: 'skipped' } : result;
      }),
      style,
    );
    expect(text).toMatchInlineSnapshot(`
      "https://auth.mcp.example.com  Compose, 06:07:08

      CHECK       STATE        TIME   FOUND
      DNS         FAILED      12 ms   3 of 3 names
      TLS         warning     34 ms   1 of 3 names
      discovery   ok           8 ms   issuer and endpoints agree
      JWKS        ok           3 ms   1 key
      Redis       ok         410 ms   answers auth in 0.4 ms

      SERVICE                  METADATA    CHALLENGE   INITIALIZE        TOOLS
      echo-stateful                4 ms        <1 ms            -  11 in 15 ms
      fetch                        4 ms        <1 ms            -  11 in 15 ms
      sequentialthinking           4 ms        <1 ms            -  11 in 15 ms

      DNS of echo-stateful.mcp.example.com, fetch.mcp.example.com,
        sequentialthinking.mcp.example.com
        DNS knows no address for it
        → add a DNS record

      TLS of fetch.mcp.example.com
        62 days left (2027-01-25), Let’s Encrypt
        → it should have been renewed by now: see the log see the log see the log see
          the log see the log see the log see the log see the log see the log 

      Unhealthy: 3 of 18 checks failed, 1 warning (1.5 s)"
    `);
    expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
  });

  it.each([
    [0.3, '<1 ms'],
    [1, '1 ms'],
    [999.4, '999 ms'],
    [1_250, '1.3 s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
