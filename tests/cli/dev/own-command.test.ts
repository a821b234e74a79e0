import { describe, expect, it } from 'vitest';
import { nameFrom, ownService } from '../../../cli/dev/own-command.ts';

describe('nameFrom', () => {
  it.each([
    [['npx', '-y', '@modelcontextprotocol/server-everything', 'stdio'], 'server-everything'],
    [['npx', '-y', '@scope/server-foo@1.2.3', '--flag'], 'server-foo'],
    [['uvx', 'mcp-server-fetch==2026.1'], 'mcp-server-fetch'],
    [['/usr/local/bin/My_Server', '--x'], 'my-server'],
    [['node', './dist/index.js'], 'index'],
    [['uv', 'tool', 'run', 'thing'], 'thing'],
    [['7zip'], 'zip'],
    [['---'], 'server'],
    [['x'.repeat(60)], 'x'.repeat(32)],
  ])('%j → %s', (command, name) => {
    expect(nameFrom(command)).toBe(name);
  });
});

describe('ownService', () => {
  it('runs the command as it stands, with no data of its own', () => {
    expect(ownService(['npx', '-y', 'a-server'])).toMatchObject({
      ...{ name: 'a-server', kind: 'proxy', command: ['npx', '-y', 'a-server'], args: [], data: 'none' },
    });
  });

  it('refuses a name that the gateway needs itself', () => {
    expect(() => ownService(['token'])).toThrow(/needs itself/);
    expect(() => ownService(['x'], 'Not A Name')).toThrow();
  });
});
