import { expect, test } from 'vitest';
import { sourceOf } from '../../../cli/services/add/source.ts';

const words = (text: string) => text.split(' ');

test.each([
  ['npx -y @scope/server --flag', { kind: 'npm', name: '@scope/server', args: ['--flag'] }],
  ['npx --yes server@1.2.3 a -y', { kind: 'npm', name: 'server', version: '1.2.3', args: ['a', '-y'] }],
  ['npx server@latest', { kind: 'npm', name: 'server', args: [] }],
  [
    'npx -y -p @scope/kit@2.0.0 kit-mcp x',
    { name: '@scope/kit', version: '2.0.0', bin: 'kit-mcp', args: ['x'] },
  ],
  ['npx --package=kit -- kit-mcp x', { name: 'kit', bin: 'kit-mcp', args: ['x'] }],
  ['/usr/bin/npx server', { kind: 'npm', name: 'server' }],
  ['npm exec -- server', { kind: 'npm', name: 'server' }],
  ['pnpm dlx server', { kind: 'npm', name: 'server' }],
  ['bunx server', { kind: 'npm', name: 'server' }],
  [
    'uvx mcp-server-time --local-timezone UTC',
    { kind: 'pypi', name: 'mcp-server-time', bin: 'mcp-server-time', args: ['--local-timezone', 'UTC'] },
  ],
  ['uvx server==1.0', { kind: 'pypi', name: 'server', version: '1.0', bin: 'server' }],
  ['uvx server[cli]@1.0', { kind: 'pypi', name: 'server[cli]', version: '1.0', bin: 'server' }],
  ['uvx --from kit==3 kit-mcp x', { kind: 'pypi', name: 'kit', version: '3', bin: 'kit-mcp', args: ['x'] }],
  ['uv tool run server', { kind: 'pypi', name: 'server' }],
  ['pipx run --spec kit kit-mcp', { kind: 'pypi', name: 'kit', bin: 'kit-mcp' }],
  ['uv run server.py', { kind: 'command', command: ['uv', 'run', 'server.py'] }],
  ['node server.js --stdio', { kind: 'command', command: ['node', 'server.js', '--stdio'] }],
])('%s', (command, expected) => {
  expect(sourceOf(words(command))).toMatchObject(expected);
});

test.each([
  ['docker run -i --rm image', /no container engine/],
  ['sh -c server', /without a shell/],
  ['npx', /names no command/],
  ['npx -y', /names no command/],
  ['uvx --from kit', /names no command/],
  ['npx github:user/repository', /is no package of a registry/],
  ['npx ./folder', /is no package of a registry/],
  ['npx https://example.com/server.tgz', /is no package of a registry/],
  ['npx -p --registry x', /its option -p has no value/],
  ['npx -p kit ../x', /is no name of a command/],
  ['npx --ignore-existing server', /its option --ignore-existing/],
  ['npx -p one -p two x', /several packages/],
  ['uvx --from git+https://example.com/x x', /is no package of a registry/],
  ['uvx --with other server', /further requirements/],
  ['pipx run --python 3 server', /its option --python/],
  ['uvx server>=1', /is no package of a registry/],
])('%s is refused', (command, message) => {
  expect(() => sourceOf(words(command))).toThrow(message);
});
