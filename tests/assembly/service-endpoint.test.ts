import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  childCommand,
  type EndpointOptions,
  nativeEndpoint,
  remoteEndpoint,
} from '../../runtime/assembly/service-endpoint.ts';
import { serviceSchema } from '../../runtime/config/catalog.ts';
import type { CallerContext } from '../../runtime/config/context.ts';
import { silentLogger } from '../../runtime/config/log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpgw-endpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const service = serviceSchema.parse({
  ...{ name: 'store', title: 'T', description: 'D', kind: 'proxy', command: ['store'], data: 'user' },
  args: ['--root', '{data}'],
  env: { FILE: { value: '{data}/x.json' }, KEY: { secret: 'STORE_KEY' } },
});
const options = (data = service.data): EndpointOptions => ({
  service: { ...service, data },
  contextKey: new Uint8Array(32),
  limits: {
    SESSION_TIMEOUT: 60,
    MCP_MAX_SESSIONS: 1,
    MCP_MAX_SESSIONS_PER_USER: 1,
    MCP_MAX_CHILDREN: 1,
    MCP_MAX_CHILDREN_PER_USER: 1,
    MCP_SPARE_CHILDREN: 0,
    MCP_MAX_MESSAGE_BYTES: 65_536,
    MCP_CORS_ORIGINS: [],
    MCP_FETCHS_ALLOWED_HOSTS: [],
    MCP_FETCHS_IGNORE_ROBOTS: false,
  },
  dataFolder: folder,
  secrets: (name) => (name === 'STORE_KEY' ? 's3cret' : undefined),
  environment: { PATH: '/bin' },
  logger: silentLogger,
});
const caller = (sub: string): CallerContext => ({
  ...{ sub, name: 'n', groups: [], clientId: 'c', scope: '', aud: 'store', iat: 0, exp: 0 },
});
const launch = { file: '/bin/store', args: ['run'] };

describe('childCommand', () => {
  it('fills in the folder of the user, which is there', () => {
    const command = childCommand(options(), launch, caller('github:1'));
    const data = command.args.at(-1) as string;
    expect(command).toMatchObject({ file: '/bin/store', args: ['run', '--root', data], cwd: data });
    expect(command.env).toEqual({ PATH: '/bin', FILE: `${data}/x.json`, KEY: 's3cret' });
    expect(command.secrets).toEqual(['s3cret']);
    expect(existsSync(data)).toBe(true);
  });

  it('fills it in in the words of a command, too', () => {
    const command = childCommand(options(), { ...launch, args: ['run', '--in={data}'] }, caller('github:1'));
    expect(command.args).toEqual(['run', `--in=${command.cwd}`, '--root', command.cwd]);
  });

  it('gives each user a folder of their own, whatever a subject looks like', () => {
    const folders = ['github:1', 'github:2', 'GitHub:1', '../../etc', 'a/b', 'a:b', ''].map(
      (sub) => childCommand(options(), launch, caller(sub)).cwd as string,
    );
    expect(new Set(folders).size).toBe(folders.length);
    for (const path of folders) expect(path).toMatch(new RegExp(`^${folder}/users/[0-9a-f]{32}$`));
  });

  it('takes a path as it is, dollar signs and all', () => {
    const dataFolder = join(folder, 'a$$b$&c');
    const command = childCommand({ ...options(), dataFolder }, launch, caller('github:1'));
    expect(command.args.at(-1)).toBe(command.cwd);
    expect(command.cwd).toContain('a$$b$&c');
  });

  it('gives all users one folder where the catalog says shared', () => {
    const of = (sub: string) => childCommand(options('shared'), launch, caller(sub)).cwd;
    expect(of('github:1')).toBe(of('github:2'));
  });
});

describe('nativeEndpoint', () => {
  it('says that a service is not part of this release', async () => {
    await expect(nativeEndpoint(options())).rejects.toThrow('store is not part of this release');
    const constructor = { ...options(), service: { ...service, name: 'constructor' } };
    await expect(nativeEndpoint(constructor)).rejects.toThrow('constructor is not part of this release');
  });
});

describe('remoteEndpoint', () => {
  const far = serviceSchema.parse({
    ...{ name: 'far', title: 'T', description: 'D', kind: 'remote' },
    remote: { url: 'http://127.0.0.1:1/mcp', headers: { Authorization: { secret: 'FAR' } } },
  });

  it('does not start with a header that could not be sent, and does not say what is in it', async () => {
    const opened = (value?: string) => remoteEndpoint({ ...options(), service: far, secrets: () => value });
    await expect(opened()).rejects.toThrow('FAR, the header Authorization, is empty');
    await expect(opened('s3cret\r\nHost: x')).rejects.toThrow(
      /^FAR, the header Authorization, may have printable/,
    );
    const endpoint = await opened('Bearer s3cret');
    expect(endpoint.stats()).toEqual({ sessions: 0, children: 0 });
    await endpoint.close();
  });
});
