/** The policies that people start from are right, and mean what the words beside them say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtinCatalog, packageRoot } from '../../../cli/package-root.ts';
import { loadCatalog } from '../../../runtime/config/catalog.ts';
import { createPolicy, type Policy } from '../../../runtime/policy/policy.ts';
import { parsePolicy } from '../../../runtime/policy/policy-file.ts';

const services = [...loadCatalog([builtinCatalog()]).services.keys()];
const read = (path: string) => readFileSync(join(packageRoot(), path), 'utf8');

function policyOf(text: string): Policy {
  const result = parsePolicy(text, { services });
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return createPolicy({ file: result.policy });
}

/** @returns whether somebody may use a tool of a service */
function may(policy: Policy, id: string, name: string, groups: string[], service: string, tool: string) {
  return policy.explain({ user: { id, name, groups }, client: 'c', service }, tool).allowed;
}

const TEAM = ['github:my-company', 'github:my-company/platform'];

describe('templates/policy.example.yaml', () => {
  it('is a policy, and does what it says', () => {
    const policy = policyOf(read('templates/policy.example.yaml'));
    expect(may(policy, 'github:1', 'alice', TEAM, 'filesystem', 'write_file')).toBe(true);
    expect(may(policy, 'github:1', 'alice', [], 'filesystem', 'read_file')).toBe(false);
    expect(may(policy, 'github:583231', 'bob', [], 'filesystem', 'read_file')).toBe(true);
    expect(may(policy, 'github:583231', 'bob', [], 'filesystem', 'write_file')).toBe(false);
    expect(may(policy, 'github:2', 'Octocat', TEAM, 'memory', 'delete_entities')).toBe(false);
    expect(may(policy, 'github:2', 'Octocat', TEAM, 'memory', 'read_graph')).toBe(true);
    const client = 'https://chat.example.com/oauth/client.json';
    const user = { id: 'github:1', name: 'alice', groups: [] };
    expect(policy.decide({ user, client, service: 'echo-stateful' }).allowed).toBe(false);
    expect(policy.decide({ user, client, service: 'memory' }).allowed).toBe(true);
  });
});

describe('the policy in README.md', () => {
  it('is one, and does what it says', () => {
    const [, text = ''] = /```yaml\n(# policy\.yaml\n.*?)```/s.exec(read('README.md')) ?? [];
    const policy = policyOf(text);
    expect(may(policy, 'github:1', 'alice', TEAM, 'filesystem', 'write_file')).toBe(true);
    expect(may(policy, 'github:1', 'alice', [], 'filesystem', 'write_file')).toBe(false);
    expect(may(policy, 'github:583231', 'bob', [], 'memory', 'delete_entities')).toBe(false);
    expect(may(policy, 'github:1', 'alice', [], 'memory', 'delete_entities')).toBe(true);
  });
});
