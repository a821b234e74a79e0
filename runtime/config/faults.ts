import type { z } from 'zod';

/** One thing that is wrong with a configuration. */
export interface Fault {
  /** The key, or the file and the place in it. */
  key: string;
  problem: string;
  /** A value that would be right. */
  example?: string;
}

/** @returns one fault for each issue that Zod found, its path behind `prefix` */
export function faultsOf(error: z.ZodError, prefix = ''): Fault[] {
  return error.issues.map((issue) => ({
    key: `${prefix}${issue.path.join('.')}`.trim(),
    problem: issueText(issue),
  }));
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be ${issue.values.map(String).join(' or ')}`;
  if (issue.code === 'invalid_type' && issue.input === undefined) return 'is missing';
  if (issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1) return 'is empty';
  if (issue.code === 'invalid_key' && issue.issues[0] !== undefined) return issueText(issue.issues[0]);
  if (issue.code === 'invalid_union') {
    // The message of the branch that the value came nearest to, which is the last: the first ones take only ''.
    const last = issue.errors.at(-1)?.[0];
    return last === undefined || issue.message !== 'Invalid input' ? issue.message : issueText(last);
  }
  return issue.message;
}

/** A configuration that cannot be used: every fault of it at once. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly faults: Fault[];
  constructor(faults: Fault[]) {
    super(faults.map(faultLine).join('\n'));
    this.faults = faults;
  }
}

/** `KEY: what is wrong (example: …)` */
export function faultLine(fault: Fault): string {
  return `${fault.key}: ${fault.problem}${fault.example === undefined ? '' : ` (example: ${fault.example})`}`;
}
