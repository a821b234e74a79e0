/** `services add` without a terminal and without registries. */
import type { ServicesAddFlags } from '../../../cli/commands/services.ts';
import { openFolder } from '../../../cli/gateway-folder.ts';
import { createOutput } from '../../../cli/output.ts';
import { type AddWorld, addService } from '../../../cli/services/add/run.ts';
import { captureSinks, owner } from '../support/run-init.ts';

export const SECRET = 'correct-horse-4711';

/** npm and pip, which know a few packages. */
const registries: AddWorld['run'] = (file, args) => {
  const text = args.join(' ');
  const found = (stdout: string) => Promise.resolve({ code: 0, stdout, stderr: '' });
  if (file === 'npm' && text.includes('@scope/server@'))
    return found(JSON.stringify({ version: '1.2.3', bin: { 'server-mcp': 'x.js' } }));
  if (file === 'npm' && text.includes('kit@'))
    return found(JSON.stringify({ version: '2.0.0', bin: { a: 'a.js', b: 'b.js' } }));
  if (file === 'npm' && text.includes('library@')) return found(JSON.stringify({ version: '1.0.0' }));
  if (file === 'python3' && text.includes('notes-server'))
    return found('notes-server (0.3.0)\nAvailable versions: 0.3.0, 0.2.0\n');
  return Promise.resolve({
    code: 1,
    stdout: '',
    stderr: 'npm error code E404\nERROR: No matching distribution found',
  });
};

export async function add(
  folder: string,
  line: string,
  flags: Partial<ServicesAddFlags> = {},
  world: Partial<AddWorld> = {},
) {
  const { captured, stdout, stderr } = captureSinks();
  const [name = '', ...command] = line.split(' ');
  const all = { dir: folder, ...flags };
  await addService(name, command, all, {
    environment: {},
    asker: undefined,
    readStdin: () => Promise.resolve(''),
    run: registries,
    user: owner,
    output: createOutput(all, stdout, stderr, {}),
    ...world,
  });
  return captured;
}

export const serviceOf = (folder: string, name: string) => openFolder(folder, '0').catalog.services.get(name);
