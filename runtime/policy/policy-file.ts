/**
 * The policy file, `policy.yaml`: who may use what, beyond the allow-lists of `.env`. It is as small as this:
 *
 *     default: allow | deny     # for what no allow rule names; allow unless told
 *     rules:
 *       - deny:  SELECTORS      # what this selects is denied, whatever any other rule says
 *       - allow: SELECTORS      # what this names is for those whom it (or another allow rule) selects, and for nobody else
 *
 * SELECTORS are any of these lists, each of at least one entry; a list that is left out selects everybody or everything:
 *
 *     users:    [octocat, 'github:583231']   # GitHub logins or verified addresses in any case, or ids as <provider>:<subject>
 *     groups:   [staff]                      # any case; a person is selected by users or by groups
 *     clients:  [CLIENT_ID, 'https://*']     # client ids or patterns
 *     services: [filesystem]                 # names or patterns
 *     tools:    [write_file, 'read_*']       # names or patterns
 *
 * A pattern has `*` for any characters. Services and tools together name (service, tool) pairs. A service without a tool
 * that a person may use is one that the person may not use.
 */
import { isCollection, isMap, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { z } from 'zod';
import { type Fault, faultsOf } from '../config/faults.ts';

/** How long the tool names and patterns of all rules may be together: they go into a header of each request. */
const MAX_TOOL_CHARACTERS = 4_000;

/** No policy is longer, in characters. */
const MAX_TEXT = 1_000_000;

const entries = (what: string) =>
  z
    .array(
      // YAML reads a bare number as one; a login may be made of digits.
      z
        .union([z.string(), z.number().int()], { error: `must be ${what}` })
        .transform((entry) => String(entry).trim()),
      { error: `must be a list of ${what}s, such as [a, b]` },
    )
    .min(1, `is an empty list, which selects nobody; leave it out to select every ${what}`)
    .refine((list) => list.every((entry) => entry !== ''), `has an empty ${what}`);

const selectorsSchema = z.strictObject(
  {
    users: entries('user').optional(),
    groups: entries('group').optional(),
    clients: entries('client').optional(),
    services: entries('service').optional(),
    tools: entries('tool').optional(),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? undefined : 'must have users, groups, clients, services or tools',
  },
);

const ruleSchema = z
  .strictObject(
    { allow: selectorsSchema.optional(), deny: selectorsSchema.optional() },
    {
      error: (issue) =>
        issue.code === 'unrecognized_keys' ? undefined : 'must be "- allow: …" or "- deny: …"',
    },
  )
  .refine(
    (rule) => (rule.allow === undefined) !== (rule.deny === undefined),
    'must have either allow or deny',
  );

const fileSchema = z.strictObject(
  {
    default: z.enum(['allow', 'deny']).default('allow'),
    rules: z.array(ruleSchema, { error: 'must be a list of rules' }).default([]),
  },
  { error: (issue) => (issue.code === 'unrecognized_keys' ? undefined : 'must have "rules:"') },
);

export type Selectors = z.output<typeof selectorsSchema>;

export interface Rule {
  effect: 'allow' | 'deny';
  selectors: Selectors;
  /** For people: `rule 2 (line 7)`. */
  name: string;
}

export interface PolicyFile {
  default: 'allow' | 'deny';
  rules: Rule[];
}

/** The policy of a gateway that has no such file. */
export const NO_POLICY_FILE: PolicyFile = { default: 'allow', rules: [] };

export interface ParseOptions {
  /** How faults call it. */
  file?: string;
  /** Names of the catalog: a rule about a service that is not among them is a fault. */
  services?: readonly string[];
}

/** @returns the policy, or every fault of it, each with its line and column */
export function parsePolicy(
  text: string,
  { file = 'policy.yaml', services }: ParseOptions = {},
): { policy: PolicyFile } | { faults: Fault[] } {
  if (text.length > MAX_TEXT)
    return { faults: [{ key: file, problem: `is longer than ${MAX_TEXT} characters` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    return {
      faults: document.errors.map((error) => ({
        key: place(error.pos[0]),
        problem: `is not YAML: ${error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''}`,
      })),
    };
  }
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    return { faults: [{ key: `${file}:1:1`, problem: `is not YAML: ${(error as Error).message}` }] };
  }
  const result = fileSchema.safeParse(value, { reportInput: true });
  if (!result.success) return { faults: placed(result.error, document, place) };
  const { default: fallback, rules } = result.data;
  const policy: PolicyFile = {
    default: fallback,
    rules: rules.map(({ allow, deny }, index) => ({
      effect: deny === undefined ? 'allow' : 'deny',
      selectors: deny ?? allow ?? {},
      name: `rule ${index + 1} (line ${lines.linePos(offsetOf(document, ['rules', index])).line})`,
    })),
  };
  const faults = senseless(policy, services, (path) => place(offsetOf(document, path)));
  return faults.length > 0 ? { faults } : { policy };
}

function placed(error: z.ZodError, document: Document, place: (offset: number) => string): Fault[] {
  const faults = faultsOf(error);
  return error.issues
    .map((issue, index) => {
      const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
      const path = [...issue.path, ...(unknown === undefined ? [] : [unknown])] as (string | number)[];
      const last = path.at(-1);
      const name = typeof last === 'string' ? `${last} ` : '';
      const problem =
        unknown === undefined ? `${name}${faults[index]?.problem ?? ''}` : `there is no "${unknown}" here`;
      const at = offsetOf(document, path);
      return { at, fault: { key: place(at), problem } };
    })
    .sort((a, b) => a.at - b.at)
    .map(({ fault }) => fault);
}

/** What is well formed and still cannot be meant. */
function senseless(
  { rules }: PolicyFile,
  services: readonly string[] | undefined,
  place: (path: (string | number)[]) => string,
): Fault[] {
  const faults: Fault[] = [];
  let characters = 0;
  rules.forEach(({ effect, selectors }, index) => {
    (selectors.services ?? []).forEach((name, entry) => {
      if (services === undefined || name.includes('*') || services.includes(name)) return;
      faults.push({
        key: place(['rules', index, effect, 'services', entry]),
        problem: `there is no service ${name}; there are ${services.join(', ')}`,
      });
    });
    for (const tool of selectors.tools ?? []) characters += tool.length + 3;
    if (characters > MAX_TOOL_CHARACTERS) {
      characters = -Infinity;
      faults.push({
        key: place(['rules', index, effect, 'tools']),
        problem: `the tools of all rules are longer than ${MAX_TOOL_CHARACTERS} characters together; use patterns such as read_*`,
      });
    }
  });
  return faults;
}

/** Where the node of a path begins, its key where it has one; of the nearest one that there is, else. */
function offsetOf(document: Document, path: (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = (node as Node | null)?.range?.[0] ?? 0;
  for (const step of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (key as { value?: unknown }).value === step);
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[step as number];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    }
  }
  return offset;
}
