/** `mcpgw services remove`: takes a server of the folder's own out of the catalog, with its settings and secrets. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Service } from '../../runtime/config/catalog.ts';
import { parsePolicy } from '../../runtime/policy/policy-file.ts';
import type { ServicesRemoveFlags } from '../commands/services.ts';
import { EXIT, InterruptedError, UserError } from '../errors.ts';
import { type GatewayFolder, openFolder } from '../gateway-folder.ts';
import { doneLines, summaryOf } from '../generate/report.ts';
import { createOutput, type Output } from '../output.ts';
import type { Change } from '../plan.ts';
import { readPolicyFile } from '../policy/file.ts';
import { currentUser, writeChanges } from '../write.ts';
import { ownerOf } from './add/run.ts';
import { otherServices, withoutService } from './env-changes.ts';
import { serviceNamed } from './show.ts';

export async function runServicesRemove(
  name: string,
  flags: ServicesRemoveFlags,
  output: Output = createOutput(flags),
): Promise<void> {
  const gateway = openFolder(resolve(flags.dir));
  const service = serviceNamed(name, gateway);
  if (!gateway.ownServices.includes(name)) {
    const text = `${name} is a service of mcpgw's own and cannot be removed. Set its MCP_…_ENABLED in .env to false`;
    throw new UserError(text, EXIT.usage);
  }
  const changes = changesOf(gateway, service);
  if (flags.yes !== true) await agree(changes, output);
  const user = currentUser();
  writeChanges(gateway.folder, changes, ownerOf(gateway, user));
  output.result(doneLines(changes, output.style), { removed: service, changes: changes.map(summaryOf) });
  for (const warning of leftRules(gateway, name)) output.warn(warning);
  if (service.data !== 'none')
    output.note(
      `What it stored stays: .mcpgw/data/${name} of mcpgw dev, the volume ${name}-data of the stack.`,
    );
  if (existsSync(join(gateway.folder, 'compose.yaml')))
    output.note('mcpgw up takes it out of the running stack.');
}

function changesOf(gateway: GatewayFolder, service: Service): Change[] {
  const { folder, envText } = gateway;
  const { text, files } = withoutService(envText ?? '', service, otherServices(gateway, service));
  const removed = [`services/${service.name}.yaml`, ...files].flatMap((path): Change[] => {
    const at = join(folder, path);
    return existsSync(at) ? [{ path, action: 'remove', before: readFileSync(at, 'utf8') }] : [];
  });
  if (envText === undefined || text === envText) return removed;
  return [...removed, { path: '.env', action: 'change', before: envText, after: text }];
}

/** @throws UserError without a terminal; InterruptedError when the person says no */
async function agree(changes: Change[], output: Output): Promise<void> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true)
    throw new UserError('there is no terminal to ask on: add --yes', EXIT.usage);
  const { terminalAsker } = await import('../prompts/asker.ts');
  const asker = terminalAsker();
  asker.note(doneLines(changes, output.style), 'To be done');
  if (!(await asker.confirm({ message: 'Remove it, with its secrets?', initial: false })))
    throw new InterruptedError('Nothing was removed.');
}

/** Rules that name a service which is not there are a fault of the policy. */
function leftRules({ folder, catalog }: GatewayFolder, name: string): string[] {
  const policy = readPolicyFile(folder);
  if (policy === undefined) return [];
  const services = [...catalog.services.keys()].filter((each) => each !== name);
  const parsed = parsePolicy(policy, { services });
  return 'faults' in parsed ? parsed.faults.map(({ key, problem }) => `policy.yaml: ${key}: ${problem}`) : [];
}
