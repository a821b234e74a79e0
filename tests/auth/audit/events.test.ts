import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { watchAccess } from '../../../runtime/assembly/access.ts';
import { AUDIT_EVENTS } from '../../../runtime/auth/audit/events.ts';
import { OPEN_POLICY } from '../../../runtime/policy/policy.ts';
import { createTestLog, startTestAuth } from '../../helpers/oauth-server.ts';

const RUNTIME = join(import.meta.dirname, '..', '..', '..', 'runtime');

describe('the table of security events', () => {
  const sources = globSync('**/*.ts', { cwd: RUNTIME })
    .filter((file) => !file.endsWith(join('audit', 'events.ts')))
    .map((file) => readFileSync(join(RUNTIME, file), 'utf8'))
    .join('\n');

  it.each(Object.keys(AUDIT_EVENTS))('has %s, which is told of somewhere', (event) => {
    expect(sources).toMatch(new RegExp(`(?:audit|changed)\\(\\s*'${event}'|\\bevent: '${event}' \\}`));
  });
});

describe('a changed policy', () => {
  it('is told of, and one that is refused with what is wrong with it', async () => {
    const test = await startTestAuth();
    let text = 'first';
    const watch = watchAccess(
      test.auth,
      {
        initial: text,
        read: () => Promise.resolve(text),
        load: (read) => {
          if (read === 'broken') throw new Error('rules: is not a list');
          return { identityProviders: test.settings.identityProviders, policy: OPEN_POLICY };
        },
      },
      createTestLog().logger,
    );
    onTestFinished(async () => {
      await watch.close();
      await test.close();
    });
    const told = async (changed: string) => {
      text = changed;
      for (let count = 0; count < 2; count++) await watch.check();
      return test.logs.splice(0).filter(({ event }) => String(event).startsWith('policy_'));
    };
    expect(await told('first')).toEqual([]);
    expect(await told('second')).toMatchObject([{ event: 'policy_changed' }]);
    expect(await told('broken')).toMatchObject([
      { event: 'policy_refused', level: 'warn', reason: 'rules: is not a list' },
    ]);
    expect(await told('third')).toMatchObject([{ event: 'policy_changed' }]);
  });
});
