/**
 * Who may use which service, and which tools of it: the allow-lists of the services and the policy file, as one pure
 * function. Whether a person may sign in at all is decided before, by the identity provider's lists.
 */
import { type ServiceAllowLists, allowListKeys } from '../config/access.ts';
import type { ToolRules } from '../config/context.ts';
import { createGroupList, createPersonList, type Person } from './allow-list.ts';
import { fold, matches, matchesLoosely } from './pattern.ts';
import { NO_POLICY_FILE, type PolicyFile, type Rule } from './policy-file.ts';
import { toolExists } from './tool-rules.ts';

export interface Question {
  user: Person;
  /** The client's id. */
  client: string;
  service: string;
}

export type Decision =
  /** Without `tools`, to all of them. */
  | { allowed: true; tools?: ToolRules }
  /** `reason`: for the operator, which list or rule it was. */
  | { allowed: false; reason: string };

export interface Explanation {
  allowed: boolean;
  /** Which list or rule decided. */
  reason: string;
  /** Of the service, where it may be used. */
  tools?: ToolRules;
}

export interface Policy {
  decide(question: Question): Decision;
  /** The same with words, for one tool where one is named. */
  explain(question: Question, tool?: string): Explanation;
}

export interface PolicyParts {
  /** `MCP_<SERVICE>_ALLOWED_USERS` and `_GROUPS`. */
  allowed?: ServiceAllowLists;
  file?: PolicyFile;
}

/** Everybody who may sign in may use everything. */
export const OPEN_POLICY: Policy = createPolicy({});

export function createPolicy({ allowed = {}, file = NO_POLICY_FILE }: PolicyParts): Policy {
  const lists = new Map(
    Object.entries(allowed).map(([service, { users = [], groups = [] }]) => [
      service,
      { person: createPersonList(users), groups: createGroupList(groups) },
    ]),
  );
  const rules = file.rules.map(compiled);
  const open = file.default === 'allow';

  const decide = (question: Question): Decision => {
    const { user, service } = question;
    const list = lists.get(service);
    if (list !== undefined && !list.person(user) && !list.groups(user.groups)) {
      const { users, groups } = allowListKeys(service);
      return { allowed: false, reason: `neither ${users} nor ${groups} lists the person` };
    }
    return byRules(rules, question, open);
  };

  return {
    decide,
    explain: (question, tool) => {
      const decision = decide(question);
      if (!decision.allowed) return decision;
      const tools = decision.tools === undefined ? {} : { tools: decision.tools };
      if (tool === undefined) return { allowed: true, reason: whyOpen(rules, question), ...tools };
      const exists = toolExists(tool, decision.tools);
      return { allowed: exists, reason: whyTool(rules, question, tool, exists), ...tools };
    },
  };
}

interface CompiledRule extends Rule {
  tools: readonly string[];
  about(question: Question): boolean;
  selects(question: Question): boolean;
}

/** What a rule denies must not be got round by another way to write a name; what it allows must be that very name. */
function compiled(rule: Rule): CompiledRule {
  const { effect, selectors } = rule;
  const { users, groups, clients, services, tools = ['*'] } = selectors;
  const anybody = users === undefined && groups === undefined;
  const person = createPersonList(users ?? []);
  const inGroups = createGroupList(groups ?? []);
  const loosely = ({ id, name, groups: given }: Person) =>
    effect === 'deny' &&
    ((users ?? []).some((entry) => entry === id || fold(entry) === fold(name)) ||
      (groups ?? []).some((entry) => given.some((group) => fold(entry) === fold(group))));
  return {
    ...rule,
    tools,
    about: ({ service }) => services === undefined || services.some((pattern) => matches(pattern, service)),
    selects: ({ user, client }) =>
      (anybody || person(user) || inGroups(user.groups) || loosely(user)) &&
      (clients === undefined || clients.some((pattern) => matches(pattern, client))),
  };
}

function byRules(rules: readonly CompiledRule[], question: Question, open: boolean): Decision {
  const deny: string[] = [];
  const allow: string[] = [];
  const reserved: string[] = [];
  for (const rule of rules) {
    if (!rule.about(question)) continue;
    const selected = rule.selects(question);
    if (rule.effect === 'deny') {
      if (selected && rule.tools.includes('*')) return { allowed: false, reason: `${rule.name} denies it` };
      if (selected) deny.push(...rule.tools);
    } else (selected ? allow : reserved).push(...rule.tools);
  }
  const denied = deny.length === 0 ? {} : { deny };
  if (allow.includes('*')) return rulesOf(denied);
  if (!open || reserved.includes('*')) {
    if (allow.length > 0) return rulesOf({ allow, ...denied });
    return { allowed: false, reason: 'no rule allows it' };
  }
  if (reserved.length === 0) return rulesOf(denied);
  // Without an exception the shorter form says it: this goes into a header of each request.
  if (allow.length === 0) return rulesOf({ deny: [...deny, ...reserved] });
  return rulesOf({ allow, reserved, ...denied });
}

function rulesOf(tools: ToolRules): Decision {
  return Object.keys(tools).length === 0 ? { allowed: true } : { allowed: true, tools };
}

function whyOpen(rules: readonly CompiledRule[], question: Question): string {
  const rule = rules.find(
    (each) => each.effect === 'allow' && each.about(question) && each.selects(question),
  );
  return rule === undefined ? 'no rule is against it' : `${rule.name} allows it`;
}

function whyTool(rules: readonly CompiledRule[], question: Question, tool: string, exists: boolean): string {
  const about = rules.filter((rule) => rule.about(question));
  const names = (rule: CompiledRule) => rule.tools.some((pattern) => matchesLoosely(pattern, tool));
  if (exists) {
    const rule = about.find((each) => each.effect === 'allow' && each.selects(question) && names(each));
    return rule === undefined ? 'no rule is against it' : `${rule.name} allows it`;
  }
  const denying = about.find((rule) => rule.effect === 'deny' && rule.selects(question) && names(rule));
  if (denying !== undefined) return `${denying.name} denies it`;
  const reserving = about.find((rule) => rule.effect === 'allow' && !rule.selects(question) && names(rule));
  return reserving === undefined ? 'no rule allows it' : `${reserving.name} allows it to others only`;
}
