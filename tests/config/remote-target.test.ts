import { expect, test } from 'vitest';
import { parseService, secretNames } from '../../runtime/config/catalog.ts';
import { headerValueProblem, isFreeHeader } from '../../runtime/config/remote-target.ts';

const entry = (remote: string, more = '') =>
  parseService(
    `{name: far, title: Far, description: Away, kind: remote, remote: ${remote}${more}}`,
    'far.yaml',
  );

test('a remote service has a url and headers, of which some are secrets', () => {
  const result = entry(
    '{url: "https://mcp.example.com/mcp?x=1", auth: header, headers: {Authorization: {secret: SECRET_FAR}, X-Team: {value: a b}}}',
  );
  expect('service' in result && secretNames(result.service)).toEqual(['SECRET_FAR']);
});

test.each([
  ['{url: ftp://x/mcp}', /must be an address/],
  ['{url: mcp.example.com}', /must be an address/],
  ['{url: "https://a:b@x/mcp"}', /has credentials in it/],
  ['{url: "https://x/mcp#a"}', /fragment/],
  ['{url: "http://169.254.169.254/mcp"}', /hand out credentials/],
  ['{url: "http://[::ffff:169.254.169.254]/mcp"}', /hand out credentials/],
  ['{url: "http://[fd00:ec2::254]/mcp"}', /hand out credentials/],
  ['{url: "https://x/mcp", auth: oauth}', /oauth is not supported yet/],
  ['{url: "https://x/mcp", auth: header}', /at least one/],
  ['{url: "https://x/mcp", headers: {Host: {value: y}}}', /can be set here/],
  ['{url: "https://x/mcp", headers: {Mcp-Session-Id: {value: y}}}', /can be set here/],
  ['{url: "https://x/mcp", headers: {"A B": {value: y}}}', /can be set here/],
  ['{url: "https://x/mcp", headers: {A: {value: "y\\nB: z"}}}', /printable ASCII/],
  ['{url: "https://x/mcp", headers: {A: {secret: GATEWAY_JWT_SECRET}}}', /of the gateway itself/],
  ['{url: "https://x/mcp", headers: {A: {value: y}, a: {value: y}}}', /twice/],
])('%s is refused', (remote, message) => {
  const result = entry(remote);
  expect('faults' in result && result.faults.map(({ key, problem }) => `${key} ${problem}`).join()).toMatch(
    message,
  );
});

test.each([
  ['command', ', command: [x]'],
  ['env', ', env: {A: {value: b}}'],
  ['data', ', data: user'],
])('%s means nothing to it', (_, more) => {
  expect(entry('{url: "https://x/mcp"}', more)).toHaveProperty('faults');
});

test.each([
  'Connection',
  'transfer-encoding',
  'Content-Length',
  'X-Mcpgw-Context',
  'mcp-name',
  'Accept',
  '',
  'a:b',
  'a\r\nb',
])('the header %j is not free', (name) => expect(isFreeHeader(name)).toBe(false));

test.each(['', ' a', 'a ', 'a\rb', 'a\nb', 'a\0', 'é'])('the value %j cannot be sent', (value) => {
  expect(headerValueProblem(value)).toBeTypeOf('string');
});
