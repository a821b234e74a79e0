/** `mcpgw policy explain`: whether somebody may use a service or a tool, and which rule or list says so. */
import { resolve } from 'node:path';
import type { ToolRules } from '../../runtime/config/context.ts';
import { matches } from '../../runtime/policy/pattern.ts';
import { createPolicy, type Explanation } from '../../runtime/policy/policy.ts';
import type { PolicyExplainFlags } from '../commands/policy.ts';
import { EXIT, UserError } from '../errors.ts';
import { type Environment, type GatewayFolder, openFolder } from '../gateway-folder.ts';
import { oneLine } from '../net/one-line.ts';
import { createOutput } from '../output.ts';
import { serviceRows } from '../service-rows.ts';
import { type FolderPolicy, loadFolderPolicy } from './load.ts';

export interface Explained extends Explanation {
  user: Asked;
  client?: string;
  service: string;
  tool?: string;
  /** What could change the answer, and was not said. */
  unknown: string[];
}

interface Asked {
  /** `<provider>:<subject>`. */
  id?: string;
  /** The login. */
  name?: string;
  groups?: string[];
}

/** Sets the exit code 1 when the answer is no. */
export function runPolicyExplain(flags: PolicyExplainFlags): void {
  const output = createOutput(flags);
  const explained = explain(openFolder(resolve(flags.dir)), process.env, flags);
  const { green, red } = output.style;
  output.result(explanationText(explained, { yes: green, no: red }), explained);
  for (const unknown of explained.unknown) output.note(`note: ${unknown}`);
  if (!explained.allowed) process.exitCode = EXIT.failed;
}

/** @throws UserError for a question that cannot be; ConfigError for a policy that is wrong */
export function explain(
  gateway: GatewayFolder,
  environment: Environment,
  flags: Pick<PolicyExplainFlags, 'user' | 'groups' | 'client' | 'service' | 'tool'>,
): Explained {
  const { client, service, tool } = flags;
  const user = asked(flags);
  const services = [...gateway.catalog.services.keys()];
  if (!services.includes(service))
    throw new UserError(`there is no service ${service}; there are ${services.join(', ')}`, EXIT.usage);
  const loaded = loadFolderPolicy(gateway, environment);
  const { id = '', name = '', groups = [] } = user;
  const question = { user: { id, name, groups }, client: client ?? '', service };
  const row = serviceRows(gateway, environment).find((each) => each.name === service);
  return {
    ...createPolicy(loaded).explain(question, tool),
    user,
    ...(client !== undefined && { client }),
    service,
    ...(tool !== undefined && { tool }),
    unknown: [
      ...(row?.status === 'enabled' ? [] : [`${service} is not enabled in this folder.`]),
      ...unknowns(loaded, user, client, service),
    ],
  };
}

function asked({ user, groups }: Pick<PolicyExplainFlags, 'user' | 'groups'>): Asked {
  const given = user.map((each) => each.trim()).filter((each) => each !== '');
  const [id, ...ids] = given.filter((each) => each.includes(':'));
  const [name, ...names] = given.filter((each) => !each.includes(':'));
  if (given.length === 0 || ids.length > 0 || names.length > 0)
    throw new UserError(
      '--user takes one login, one id as PROVIDER:SUBJECT, or both of one person',
      EXIT.usage,
    );
  return {
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
    ...(groups !== undefined && { groups: groups.split(',').map((group) => group.trim()) }),
  };
}

/** A rule that looks at what the question leaves out did not select, and may do so for the real person. */
function unknowns(
  { allowed, file }: FolderPolicy,
  { id, name, groups }: Asked,
  client: string | undefined,
  service: string,
): string[] {
  const rules = file.rules
    .map(({ selectors }) => selectors)
    .filter(({ services }) => services?.some((pattern) => matches(pattern, service)) !== false);
  const lists = [...rules, allowed[service] ?? {}];
  const named = lists.flatMap(({ users = [] }) => users);
  const aboutIds = named.some((entry) => entry.includes(':'));
  const aboutNames = named.some((entry) => !entry.includes(':') && entry !== '*');
  const aboutGroups = lists.some((each) => each.groups !== undefined && each.groups.length > 0);
  const aboutClients = rules.some(({ clients }) => clients !== undefined);
  return [
    ...(id === undefined && aboutIds
      ? ['some entries are ids; give that of the person with another --user.']
      : []),
    ...(name === undefined && aboutNames
      ? ['some entries are logins; give that of the person with another --user.']
      : []),
    ...(groups === undefined && aboutGroups
      ? ['some entries are groups; answered for none (--groups).']
      : []),
    ...(client === undefined && aboutClients
      ? ['some rules are about clients; answered for none of those (--client).']
      : []),
  ];
}

type Paint = (text: string) => string;

export function explanationText(
  { allowed, reason, user, service, tool, tools }: Explained,
  { yes, no }: { yes: Paint; no: Paint } = { yes: (text) => text, no: (text) => text },
): string {
  const who = oneLine(user.name ?? user.id ?? '');
  const what = tool === undefined ? service : `the tool ${oneLine(tool)} of ${service}`;
  const answer = `${who} ${allowed ? yes('may') : no('may not')} use ${what}: ${reason}.`;
  return allowed && tool === undefined ? `${answer}\nTools: ${toolsText(tools)}.` : answer;
}

function toolsText({ allow, reserved, deny }: ToolRules = {}): string {
  const never = deny === undefined ? '' : deny.join(', ');
  if (allow === undefined) return never === '' ? 'all' : `all but ${never}`;
  const some = reserved === undefined ? 'only ' : `all, but of those like ${reserved.join(', ')} only `;
  return some + allow.join(', ') + (never === '' ? '' : `; never ${never}`);
}
