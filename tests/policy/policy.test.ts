import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matches, matchesLoosely } from '../../runtime/policy/pattern.ts';
import { createPolicy, type Policy, type Question } from '../../runtime/policy/policy.ts';
import { parsePolicy } from '../../runtime/policy/policy-file.ts';
import { toolExists } from '../../runtime/policy/tool-rules.ts';

function policyOf(text: string, allowed = {}): Policy {
  const result = parsePolicy(text);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return createPolicy({ file: result.policy, allowed });
}

const ask = (service: string, name: string, more: Partial<Question['user']> & { client?: string } = {}) => {
  const { client = 'client', ...user } = more;
  return { user: { id: `github:${name}-id`, name, groups: [], ...user }, client, service };
};
const allowedIn = (policy: Policy, question: Question) => policy.decide(question).allowed;
const toolsIn = (policy: Policy, question: Question, names: string[]) => {
  const decision = policy.decide(question);
  return decision.allowed ? names.filter((name) => toolExists(name, decision.tools)) : [];
};

describe('the allow-lists of a service (invariant 7)', () => {
  it('let in everybody without a list, whom they list with one, and nobody when they are empty', () => {
    const policy = createPolicy({
      allowed: {
        users: { users: ['Alice ', 'github:7'] },
        groups: { groups: ['Staff'] },
        both: { users: ['alice'], groups: ['staff'] },
        nobody: { users: [] },
        anybody: { users: ['*'] },
      },
    });
    const may = (service: string) => [
      allowedIn(policy, ask(service, 'ALICE')),
      allowedIn(policy, ask(service, 'bob', { id: 'github:7' })),
      allowedIn(policy, ask(service, 'carol', { groups: ['staff', 'other'] })),
      allowedIn(policy, ask(service, 'mallory', { groups: ['other'] })),
    ];
    expect(may('users')).toEqual([true, true, false, false]);
    expect(may('groups')).toEqual([false, false, true, false]);
    expect(may('both')).toEqual([true, false, true, false]);
    expect(may('nobody')).toEqual([false, false, false, false]);
    expect(may('anybody')).toEqual([true, true, true, true]);
    expect(may('without')).toEqual([true, true, true, true]);
  });

  it('take no name for the id or the letters of somebody else', () => {
    const policy = createPolicy({ allowed: { x: { users: ['github:7', 'kay'], groups: ['kay'] } } });
    // The Kelvin sign's small letter is k.
    for (const name of ['github:7', '\u212aay', '*']) {
      expect(allowedIn(policy, ask('x', name, { id: 'oidc:1', groups: ['\u212aay'] }))).toBe(false);
    }
  });

  it('take no name for somebody that an OpenID Connect provider lets people choose, but a verified address', () => {
    const entries = ['octocat', 'boss@corp.example', 'oidc:7@id.example'];
    const lists = createPolicy({ allowed: { x: { users: entries } } });
    const rules = createPolicy({
      file: { default: 'deny', rules: [{ effect: 'allow', name: 'rule 1', selectors: { users: entries } }] },
    });
    for (const policy of [lists, rules]) {
      const may = (name: string, id: string, groups: string[] = []) =>
        allowedIn(policy, ask('x', name, { id, groups }));
      expect(may('octocat', 'github:1')).toBe(true);
      expect(may('octocat', 'oidc:1@id.example', ['email:mallory@corp.example'])).toBe(false);
      expect(may('boss@corp.example', 'oidc:1@id.example', ['oidc:email:boss@corp.example'])).toBe(false);
      expect(may('boss@corp.example', 'oidc:2@id.example', ['email:boss@corp.example'])).toBe(true);
      expect(may('anything', 'oidc:7@id.example')).toBe(true);
    }
  });

  it('take a client that acts for itself by its id alone, whatever it is called', () => {
    const policy = createPolicy({
      allowed: {
        person: { users: ['alice', 'ops'] },
        client: { users: ['alice', 'client:c1'] },
        anybody: { users: ['*'] },
        mistake: { users: ['*', 'client:c2'] },
      },
    });
    for (const name of ['alice', 'ops', 'client:c1']) {
      const may = (service: string, id = 'client:c1') => allowedIn(policy, ask(service, name, { id }));
      expect([may('person'), may('client'), may('anybody'), may('mistake')]).toEqual([
        false,
        true,
        true,
        false,
      ]);
      expect(may('client', 'client:c3')).toBe(false);
    }
  });

  it('and so does a rule that allows', () => {
    const policy = policyOf('default: deny\nrules:\n  - allow: { users: [alice, "client:c1"] }\n');
    expect(allowedIn(policy, ask('x', 'alice', { id: 'github:1' }))).toBe(true);
    expect(allowedIn(policy, ask('x', 'alice', { id: 'client:c2' }))).toBe(false);
    expect(allowedIn(policy, ask('x', 'job', { id: 'client:c1' }))).toBe(true);
  });

  it('say which they are', () => {
    const decision = createPolicy({ allowed: { 'echo-stateful': { users: [] } } }).decide(
      ask('echo-stateful', 'alice'),
    );
    expect(decision).toEqual({
      allowed: false,
      reason: 'neither MCP_ECHO_STATEFUL_ALLOWED_USERS nor MCP_ECHO_STATEFUL_ALLOWED_GROUPS lists the person',
    });
  });
});

describe('the policy file', () => {
  it('denies by user, group, client and service', () => {
    const policy = policyOf(`rules:
  - deny: { users: [mallory, 'github:7'] }
  - deny: { groups: [guests], services: [files] }
  - deny: { clients: ['https://evil.example/*'] }
`);
    expect(allowedIn(policy, ask('files', 'alice'))).toBe(true);
    expect(allowedIn(policy, ask('files', ' MALLORY '))).toBe(false);
    expect(allowedIn(policy, ask('files', 'ｍallory'))).toBe(false);
    expect(allowedIn(policy, ask('files', 'bob', { id: 'github:7' }))).toBe(false);
    expect(allowedIn(policy, ask('files', 'bob', { groups: ['Guests'] }))).toBe(false);
    expect(allowedIn(policy, ask('other', 'bob', { groups: ['Guests'] }))).toBe(true);
    expect(allowedIn(policy, ask('other', 'bob', { client: 'https://evil.example/client.json' }))).toBe(
      false,
    );
  });

  it('gives what an allow rule names to whom it selects, and to nobody else', () => {
    const policy = policyOf(`rules:
  - allow: { groups: [ops], services: [files], tools: ['write_*'] }
  - allow: { users: [alice], services: [secrets] }
`);
    const tools = ['read_file', 'write_file'];
    expect(toolsIn(policy, ask('files', 'bob'), tools)).toEqual(['read_file']);
    expect(toolsIn(policy, ask('files', 'bob', { groups: ['ops'] }), tools)).toEqual(tools);
    expect(toolsIn(policy, ask('other', 'bob'), tools)).toEqual(tools);
    expect(allowedIn(policy, ask('secrets', 'alice'))).toBe(true);
    expect(allowedIn(policy, ask('secrets', 'bob'))).toBe(false);
  });

  it('denies what no rule allows, when that is its default', () => {
    const policy = policyOf(`default: deny
rules:
  - allow: { users: [alice] }
  - allow: { users: [bob], services: [files], tools: [read_file] }
`);
    expect(allowedIn(policy, ask('other', 'alice'))).toBe(true);
    expect(policy.decide(ask('files', 'bob'))).toEqual({ allowed: true, tools: { allow: ['read_file'] } });
    expect(policy.decide(ask('other', 'bob'))).toEqual({ allowed: false, reason: 'no rule allows it' });
  });

  it('lets deny win over allow, in whatever order', () => {
    for (const rules of [
      ['allow: { users: [alice] }', 'deny: { groups: [guests], tools: [x] }'],
      ['deny: { groups: [guests], tools: [x] }', 'allow: { users: [alice] }'],
    ]) {
      const policy = policyOf(`rules:\n  - ${rules.join('\n  - ')}\n`);
      expect(toolsIn(policy, ask('files', 'alice', { groups: ['guests'] }), ['x', 'y'])).toEqual(['y']);
    }
  });

  it('has nothing to say of the tools where no rule does', () => {
    expect(policyOf('rules: []').decide(ask('files', 'alice'))).toEqual({ allowed: true });
  });

  it('explains itself', () => {
    const policy = policyOf(`rules:
  - allow: { groups: [ops], services: [files], tools: ['write_*'] }
  - deny: { users: [mallory] }
  - deny: { tools: [delete_all] }
`);
    const why = (name: string, tool?: string, groups: string[] = []) => {
      const { allowed, reason } = policy.explain(ask('files', name, { groups }), tool);
      return `${allowed} ${reason}`;
    };
    expect(why('alice')).toBe('true no rule is against it');
    expect(why('mallory')).toBe('false rule 2 (line 3) denies it');
    expect(why('alice', 'write_file')).toBe('false rule 1 (line 2) allows it to others only');
    expect(why('alice', 'write_file', ['ops'])).toBe('true rule 1 (line 2) allows it');
    expect(why('alice', 'delete_all', ['ops'])).toBe('false rule 3 (line 4) denies it');
    expect(why('alice', 'read_file')).toBe('true no rule is against it');
  });

  it('means, for each pair of service and tool, what its rules say one by one', () => {
    const some = (...names: string[]) =>
      fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 });
    const selectors = fc.record(
      {
        users: some('alice', 'bob'),
        groups: some('ops'),
        clients: some('c1', 'c*'),
        services: some('s1', 's*'),
        tools: some('a', 'ab', 'a*', '*b', 'B'),
      },
      { requiredKeys: [] },
    );
    const rule = fc.record({ effect: fc.constantFrom('allow' as const, 'deny' as const), selectors });
    const question = fc.record({
      name: fc.constantFrom('alice', 'bob'),
      groups: fc.constantFrom([], ['ops']),
      client: fc.constantFrom('c1', 'd'),
      service: fc.constantFrom('s1', 's2', 't'),
    });
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 4 }),
        fc.constantFrom('allow' as const, 'deny' as const),
        question,
        (rules, fallback, asked) => {
          const policy = createPolicy({
            file: { default: fallback, rules: rules.map((each) => ({ ...each, name: '' })) },
          });
          const { name, groups, client, service } = asked;
          const decision = policy.decide(ask(service, name, { groups, client }));
          const about = rules.filter(
            ({ selectors: { services } }) => services?.some((each) => matches(each, service)) ?? true,
          );
          const selects = ({ selectors: by }: (typeof rules)[number]) =>
            ((by.users === undefined && by.groups === undefined) ||
              by.users?.includes(name) === true ||
              by.groups?.some((each) => groups.some((group) => group === each)) === true) &&
            (by.clients?.some((each) => matches(each, client)) ?? true);
          for (const tool of ['a', 'ab', 'b', 'c', 'B']) {
            const allows = about.filter(({ effect }) => effect === 'allow');
            const names =
              (loosely: boolean) =>
              ({ selectors: { tools = ['*'] } }: (typeof rules)[number]) =>
                tools.some((each) => (loosely ? matchesLoosely : matches)(each, tool));
            const denied = about.some((each) => each.effect === 'deny' && selects(each) && names(true)(each));
            const allowed = allows.some((each) => selects(each) && names(false)(each));
            const reserved = allows.some((each) => !selects(each) && names(true)(each));
            const expected = !denied && (allowed || (fallback === 'allow' && !reserved));
            expect(decision.allowed && toolExists(tool, decision.tools)).toBe(expected);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
