import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOutput, type OutputFlags } from '../../../cli/output.ts';
import { runPolicyCheck } from '../../../cli/policy/check.ts';
import { ConfigError } from '../../../runtime/config/faults.ts';
import { mcpgw } from '../support/cli.ts';
import { captureSinks, temporaryFolder } from '../support/run-init.ts';

function check(dir: string, file?: string, flags: OutputFlags = {}): string {
  const { captured, stdout, stderr } = captureSinks();
  runPolicyCheck(file, { dir }, createOutput(flags, stdout, stderr, {}));
  return captured.stdout;
}

function faultsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const GOOD = 'default: deny\nrules:\n  - allow: { users: [octocat], services: [memory] }\n';
const BAD = 'default: maybe\nrules:\n  - deny: { users: [] }\n    alow: {}\n';

describe('mcpgw policy check', () => {
  it('says of a folder what its policy file and its allow-lists are', () => {
    const dir = temporaryFolder();
    expect(check(dir)).toBe('There is no policy.yaml.\n');
    writeFileSync(join(dir, 'policy.yaml'), GOOD);
    writeFileSync(join(dir, '.env'), 'MCP_FETCH_ALLOWED_USERS=octocat\n');
    const text = check(dir);
    expect(text).toContain('policy.yaml: nothing is wrong with it; 1 rule, and the default is deny.');
    expect(text).toContain('fetch');
    expect(JSON.parse(check(dir, undefined, { json: true }))).toEqual({
      file: 'policy.yaml',
      default: 'deny',
      rules: 1,
      lists: ['fetch'],
      warnings: [],
    });
  });

  it('warns of logins where they do not say who somebody is', () => {
    const dir = temporaryFolder();
    const warnings = (env: string) => {
      writeFileSync(join(dir, '.env'), env);
      return (JSON.parse(check(dir, undefined, { json: true })) as { warnings: string[] }).warnings;
    };
    writeFileSync(join(dir, 'policy.yaml'), GOOD);
    expect(warnings('IDENTITY_PROVIDER=github\n')).toEqual([]);
    for (const providers of ['oidc', 'github,passphrase']) {
      const more = 'MCP_TIME_ALLOWED_USERS=bob,github:7\nMCP_FETCH_ALLOWED_USERS=*\n';
      expect(warnings(`IDENTITY_PROVIDER=${providers}\n${more}`)).toEqual([
        expect.stringContaining('the login octocat or bob:'),
      ]);
    }
    writeFileSync(join(dir, 'policy.yaml'), GOOD.replace('octocat', "'github:583231'"));
    expect(warnings('IDENTITY_PROVIDER=oidc\n')).toEqual([]);
  });

  it('finds every fault of both at once, with line and column', () => {
    const dir = temporaryFolder();
    writeFileSync(join(dir, 'policy.yaml'), BAD);
    writeFileSync(join(dir, '.env'), 'MCP_FECH_ALLOWED_USERS=octocat\nMCP_TIME_ALLOWED_GROUPS=*,a\n');
    const faults = faultsOf(() => check(dir));
    expect(faults).toHaveLength(5);
    for (const start of [
      'MCP_FECH_ALLOWED_USERS: ',
      'MCP_TIME_ALLOWED_GROUPS: ',
      'policy.yaml:1:1: ',
      'policy.yaml:3:13: ',
      'policy.yaml:4:5: ',
    ])
      expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${start.replaceAll('.', '\\.')}`)));
  });

  it('knows the services of the folder, of which a rule may name no other', () => {
    const dir = temporaryFolder();
    const file = join(dir, 'new.yaml');
    writeFileSync(file, 'rules:\n  - deny:\n      services: [memroy]\n');
    expect(faultsOf(() => check(dir, file))).toEqual([
      expect.stringMatching(/new\.yaml:3:18: there is no service memroy; there are .*memory/),
    ]);
    writeFileSync(file, GOOD);
    expect(check(dir, file)).toContain('nothing is wrong');
    expect(() => check(dir, join(dir, 'none.yaml'))).toThrow('none.yaml cannot be read');
  });

  it('is an exit code and JSON for scripts', async () => {
    const dir = temporaryFolder();
    const file = join(dir, 'policy.yaml');
    writeFileSync(file, BAD);
    const { code, stdout } = await mcpgw(['policy', 'check', '--dir', dir, '--json']);
    const { error } = JSON.parse(stdout) as { error: { faults: { key: string }[] } };
    expect([code, error.faults.map(({ key }) => key)]).toEqual([
      1,
      ['policy.yaml:1:1', 'policy.yaml:3:13', 'policy.yaml:4:5'],
    ]);
    writeFileSync(file, GOOD);
    expect((await mcpgw(['policy', 'check', file])).code).toBe(0);
  });
});
