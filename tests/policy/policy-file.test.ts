import { describe, expect, it } from 'vitest';
import { parsePolicy, type PolicyFile } from '../../runtime/policy/policy-file.ts';

function policyOf(text: string): PolicyFile {
  const result = parsePolicy(text);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.policy;
}

function faultsIn(text: string, services?: string[]): string[] {
  const result = parsePolicy(text, services === undefined ? {} : { services });
  return 'faults' in result ? result.faults.map(({ key, problem }) => `${key} ${problem}`) : [];
}

describe('a policy file', () => {
  it('is read as it is written', () => {
    const text = `default: deny
rules:
  - allow: { groups: [staff], services: [fetch] }
  # A comment.
  - deny:
      users: [octocat, 583231, 'github:1']
      tools: ['write_*']
`;
    expect(policyOf(text)).toEqual({
      default: 'deny',
      rules: [
        { effect: 'allow', selectors: { groups: ['staff'], services: ['fetch'] }, name: 'rule 1 (line 3)' },
        {
          effect: 'deny',
          selectors: { users: ['octocat', '583231', 'github:1'], tools: ['write_*'] },
          name: 'rule 2 (line 5)',
        },
      ],
    });
  });

  it.each(['', '# nothing yet\n', 'rules: []\n', '{}'])(
    'allows everything when it says nothing: %j',
    (text) => {
      expect(policyOf(text)).toEqual({ default: 'allow', rules: [] });
    },
  );

  it('may deny everything to everybody', () => {
    expect(policyOf('rules:\n  - deny: {}\n').rules).toEqual([
      { effect: 'deny', selectors: {}, name: 'rule 1 (line 2)' },
    ]);
  });

  it('names every fault at once, each with its line and column', () => {
    const text = `defaults: deny
default: maybe
rules:
  - deny: { user: [octocat] }
  - allow:
      users: octocat
      tools: []
  - allow: {}
    deny: {}
  - {}
  - 7
`;
    expect(faultsIn(text)).toEqual([
      expect.stringMatching(/^policy\.yaml:1:1 there is no "defaults" here/),
      expect.stringMatching(/^policy\.yaml:2:1 default must be allow or deny/),
      expect.stringMatching(/^policy\.yaml:4:13 there is no "user" here/),
      expect.stringMatching(/^policy\.yaml:6:7 users must be a list of users/),
      expect.stringMatching(/^policy\.yaml:7:7 tools is an empty list/),
      expect.stringMatching(/^policy\.yaml:8:5 must have either allow or deny/),
      expect.stringMatching(/^policy\.yaml:10:5 must have either allow or deny/),
      expect.stringMatching(/^policy\.yaml:11:5 must be "- allow: …" or "- deny: …"/),
    ]);
  });

  it.each([
    ['rules: [', /^policy\.yaml:1:\d+ is not YAML/],
    ['rules: []\nrules: []\n', /^policy\.yaml:2:1 is not YAML: Map keys must be unique/],
    ['- allow: {}\n', /^policy\.yaml:1:1 must have "rules:"/],
    ['rules: 3\n', /^policy\.yaml:1:1 rules must be a list of rules/],
    ['rules:\n  - deny:\n', /^policy\.yaml:2:5 deny must have users, groups/],
    ["rules:\n  - deny: { users: [''] }\n", /^policy\.yaml:2:13 users has an empty user/],
  ])('refuses %j', (text, expected) => {
    expect(faultsIn(text)).toEqual([expect.stringMatching(expected)]);
  });

  it('knows the services, when it is told of them', () => {
    const text = 'rules:\n  - deny: { services: [fetch, fech, "f*"] }\n';
    expect(faultsIn(text)).toEqual([]);
    expect(faultsIn(text, ['fetch', 'time'])).toEqual([
      'policy.yaml:2:31 there is no service fech; there are fetch, time',
    ]);
  });

  it('refuses more tools by name than a header carries', () => {
    const tools = Array.from({ length: 400 }, (_, index) => `a_long_tool_${index}`);
    expect(faultsIn(`rules:\n  - deny:\n      tools: [${tools.join(', ')}]\n`)).toEqual([
      expect.stringMatching(/^policy\.yaml:3:7 the tools of all rules are longer than/),
    ]);
  });

  it('does not follow aliases into a file that grows without end', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i += 1) {
      const [to, from] = [String.fromCharCode(97 + i), String.fromCharCode(96 + i)];
      lines.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(', ')}]`);
    }
    expect(faultsIn(lines.join('\n'))[0]).toMatch(/^policy\.yaml:1:1 is not YAML: Excessive alias count/);
  });
});
