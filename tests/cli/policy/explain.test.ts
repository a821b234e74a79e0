import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder } from '../../../cli/gateway-folder.ts';
import { explain, explanationText } from '../../../cli/policy/explain.ts';
import { mcpgw } from '../support/cli.ts';
import { temporaryFolder } from '../support/run-init.ts';

const POLICY = `rules:
  - allow:
      groups: [staff]
      services: [memory]
  - deny:
      users: ['github:7', mallory]
  - deny:
      clients: ['https://*']
      services: [memory]
      tools: [delete_*]
`;

function folder(policy = POLICY, env = 'MCP_EVERYTHING_ALLOWED_USERS=octocat\n'): string {
  const dir = temporaryFolder();
  writeFileSync(join(dir, 'policy.yaml'), policy);
  writeFileSync(join(dir, '.env'), env);
  return dir;
}

const ask = (dir: string, user: string[], service: string, more = {}) =>
  explain(openFolder(dir), {}, { user, service, ...more });

describe('mcpgw policy explain', () => {
  it('names the rule or the list that decides', () => {
    const dir = folder();
    const said = (...question: [string[], string, object?]) => {
      const { allowed, reason } = ask(dir, ...question);
      return [allowed, reason];
    };
    expect(said(['octocat'], 'everything')).toEqual([true, 'no rule is against it']);
    expect(said(['bob'], 'everything')).toEqual([
      false,
      expect.stringContaining('MCP_EVERYTHING_ALLOWED_USERS'),
    ]);
    expect(said(['github:7'], 'memory')).toEqual([false, 'rule 2 (line 5) denies it']);
    expect(said(['bob', 'github:7'], 'memory', { groups: 'Staff' })).toEqual([
      false,
      'rule 2 (line 5) denies it',
    ]);
    expect(said(['bob'], 'memory')).toEqual([false, 'no rule allows it']);
    expect(said(['bob'], 'memory', { groups: 'other, Staff' })).toEqual([true, 'rule 1 (line 2) allows it']);
  });

  it('tells of the tools, all of them or one', () => {
    const dir = folder();
    const question = { groups: 'staff', client: 'https://client.example/id' };
    const all = ask(dir, ['bob'], 'memory', question);
    expect(explanationText(all)).toBe(
      'bob may use memory: rule 1 (line 2) allows it.\nTools: all but delete_*.',
    );
    const denied = ask(dir, ['bob'], 'memory', { ...question, tool: 'delete_entities' });
    expect(explanationText(denied)).toBe(
      'bob may not use the tool delete_entities of memory: rule 3 (line 7) denies it.',
    );
    expect(ask(dir, ['bob'], 'memory', { ...question, tool: 'read_graph' }).allowed).toBe(true);
    const some = folder('rules:\n  - allow: { users: [bob], services: [memory], tools: [read_*] }\n');
    expect(explanationText(ask(some, ['eve'], 'memory'))).toContain('Tools: all but read_*.');
    const closed = folder(`default: deny\n${'rules:\n  - allow: { users: [bob], tools: [read_*] }\n'}`);
    expect(explanationText(ask(closed, ['bob'], 'memory'))).toContain('Tools: only read_*.');
  });

  it('says what it was not told and what could change the answer', () => {
    const dir = folder();
    expect(ask(dir, ['bob'], 'memory').unknown).toEqual([
      expect.stringContaining('ids'),
      expect.stringContaining('--groups'),
      expect.stringContaining('--client'),
    ]);
    expect(ask(dir, ['github:1'], 'everything').unknown).toEqual([expect.stringContaining('logins')]);
    const full = { groups: '', client: 'c' };
    expect(ask(dir, ['bob', 'github:1'], 'memory', full).unknown).toEqual([]);
    expect(ask(dir, ['bob', 'github:1'], 'fetch', full).unknown).toEqual([
      expect.stringContaining('not enabled'),
    ]);
  });

  it('refuses a question that cannot be', () => {
    const dir = folder();
    expect(() => ask(dir, ['bob'], 'memroy')).toThrow('there is no service memroy');
    for (const user of [[], [' '], ['alice', 'bob'], ['github:1', 'oidc:1']])
      expect(() => ask(dir, user, 'memory')).toThrow('--user');
    expect(() => ask(folder('rules: 1\n'), ['bob'], 'memory')).toThrow('policy.yaml:1:1');
  });

  it('answers scripts with an exit code and JSON', async () => {
    const dir = folder();
    const run = (...more: string[]) =>
      mcpgw(['policy', 'explain', '--dir', dir, '--service', 'memory', '--json', ...more]);
    const no = await run('--user', 'mallory');
    expect([no.code, JSON.parse(no.stdout)]).toMatchObject([
      1,
      { allowed: false, reason: 'rule 2 (line 5) denies it', user: { name: 'mallory' }, service: 'memory' },
    ]);
    const yes = await run('--user', 'bob', '--user', 'oidc:1', '--groups', 'staff', '--tool', 'read_graph');
    expect([yes.code, JSON.parse(yes.stdout)]).toMatchObject([0, { allowed: true, tool: 'read_graph' }]);
    expect((await run()).code).toBe(2);
  });
});
