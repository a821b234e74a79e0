/** What `generate` writes of who is let in, and what of it replaces a container: nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder, renderSource, requireEnv } from '../../cli/gateway-folder.ts';
import { render, type Tree } from '../../cli/render.ts';
import { parseEnvFile } from '../../runtime/config/env-file.ts';
import { GOLDEN_CASES } from './support/cases.ts';
import { runInit, temporaryFolder } from './support/run-init.ts';

async function gateway() {
  const folder = temporaryFolder();
  await runInit({ ...GOLDEN_CASES['subdomain-github'], dir: folder });
  const env = requireEnv(openFolder(folder));
  const rendered = (more = ''): Tree => {
    const opened = openFolder(folder);
    return render(renderSource(opened, env + more, {}));
  };
  const write = (policy: string) => writeFileSync(join(folder, 'policy.yaml'), policy);
  return { rendered, write };
}

describe('access/', () => {
  it('has the allow-lists, and the policy as the operator wrote it', async () => {
    const { rendered, write } = await gateway();
    write('# Ours.\nrules:\n  - deny: { users: [mallory] }\n');
    const tree = rendered(
      '\nALLOWED_GITHUB_USERS=octocat\nMCP_FETCH_ALLOWED_USERS=\nMCP_TIME_ALLOWED_GROUPS=a group,b\n',
    );
    expect(parseEnvFile(tree.get('access/lists.env') ?? '')).toMatchObject({
      ALLOWED_GITHUB_USERS: 'octocat',
      MCP_FETCH_ALLOWED_USERS: '',
      MCP_TIME_ALLOWED_GROUPS: 'a group,b',
    });
    expect(tree.get('access/policy.yaml')).toMatch(
      /\n# Ours\.\nrules:\n {2}- deny: \{ users: \[mallory\] \}\n$/,
    );
  });

  it('is all that changes with the lists and the policy, so that no container is replaced', async () => {
    const { rendered, write } = await gateway();
    const before = rendered();
    write('rules:\n  - deny: { users: [mallory] }\n');
    const after = rendered('\nALLOWED_GITHUB_USERS=somebody\nMCP_FETCH_ALLOWED_USERS=octocat\n');
    const changed = [...after].filter(([path, text]) => before.get(path) !== text).map(([path]) => path);
    expect(changed).toEqual(['access/lists.env', 'access/policy.yaml']);
  });

  it('is not written when the policy is broken or a list is of no service', async () => {
    const { rendered, write } = await gateway();
    write('rules:\n  - deny: { services: [fech] }\n  - deny: { user: [x] }\n');
    expect(() => rendered('\nMCP_FECH_ALLOWED_USERS=x\n')).toThrow(
      /MCP_FECH_ALLOWED_USERS.*\npolicy\.yaml:3:13 ?: /s,
    );
  });
});
