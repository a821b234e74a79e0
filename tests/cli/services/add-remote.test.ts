import { describe, expect, test } from 'vitest';
import type { ServicesAddFlags } from '../../../cli/commands/services.ts';
import { readAll, temporaryFolder } from '../support/run-init.ts';
import { add, SECRET, serviceOf } from './adding.ts';

describe('a server elsewhere', () => {
  const url = 'https://mcp.example.com/mcp';

  test('has its address and headers in the catalog, and their secrets in .env alone', async () => {
    const folder = temporaryFolder();
    const flags = { url, header: ['X-Team=blue', 'X-Other: a=b'], secretHeader: ['Authorization'] };
    await add(folder, 'far', flags, { readStdin: () => Promise.resolve(`Bearer ${SECRET}\n`) });
    expect(serviceOf(folder, 'far')).toMatchObject({
      kind: 'remote',
      description: 'The server at mcp.example.com.',
      remote: {
        url,
        auth: 'header',
        headers: {
          'X-Team': { value: 'blue' },
          'X-Other': { value: 'a=b' },
          Authorization: { secret: 'SECRET_FAR_AUTHORIZATION' },
        },
      },
    });
    const found = [...readAll(folder)].filter(([, text]) => text.includes(SECRET)).map(([path]) => path);
    expect(found).toEqual(['.env']);
  });

  test.each([
    [{ url, env: ['A=1'], secret: ['B'] }, /--env, --secret: only of a server that is started here/],
    [{ header: ['A=1'] }, /--header: only of a server elsewhere/],
    [{ url: 'file:///etc/passwd' }, /must be an address/],
    [{ url: 'http://169.254.169.254/mcp' }, /hand out credentials/],
    [{ url: 'http://[::ffff:169.254.169.254]/mcp' }, /hand out credentials/],
    [{ url: 'http://[fd00:ec2::254]/mcp' }, /hand out credentials/],
    [{ url: `https://me:${SECRET}@x.example/mcp` }, /has credentials in it/],
    [{ url, header: ['Host=x'] }, /can be set here/],
    [{ url, header: ['A=b\r\nC: d'] }, /no line break/],
    [{ url, secretHeader: [`Authorization: Bearer ${SECRET}`] }, /takes the name alone/],
    [{ url, secretHeader: ['A'] }, /no line break/, 'one\ntwo'],
  ] as [Partial<ServicesAddFlags>, RegExp, string?][])(
    '%o is refused',
    async (flags, message, input = '') => {
      const folder = temporaryFolder();
      const failed = add(folder, 'far', flags, { readStdin: () => Promise.resolve(input) });
      await expect(failed).rejects.toThrow(message);
      await expect(failed).rejects.not.toThrow(SECRET);
      expect(readAll(folder).size).toBe(0);
    },
  );

  test('is warned of where what is sent could be read', async () => {
    const flags = { url: 'http://mcp.example.com/mcp?api_key=1', header: ['Authorization=x'] };
    const { stderr } = await add(temporaryFolder(), 'far', flags);
    expect(stderr).toContain('--secret-header Authorization keeps it apart');
    expect(stderr).toContain('can be read on the way');
    expect(stderr).toContain('api_key in the address');
    const { stderr: local } = await add(temporaryFolder(), 'far', { url: 'http://localhost:3000/mcp' });
    expect(local).toContain('in a container the container itself');
  });
});
