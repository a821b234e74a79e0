/**
 * The folder `access/`, which auth watches: who is let in, as lines of `.env`, and the policy file. What changes there holds
 * within a second and replaces no container.
 */
import { allowListKeys, isAccessKey } from '../../runtime/config/access.ts';
import { envLine } from '../../runtime/config/env-file.ts';
import type { Config } from '../../runtime/config/load.ts';
import { CONFIG_KEYS } from '../../runtime/config/schema.ts';

const NO_POLICY = 'rules: []\n';

/** @returns text by path */
export function accessFiles({ values, allowed }: Config, policy: string | undefined): Map<string, string> {
  const general = CONFIG_KEYS.filter(isAccessKey).map((key) =>
    envLine(key, [values[key] ?? []].flat().join(',')),
  );
  const ofServices = Object.entries(allowed).flatMap(([service, { users, groups }]) => {
    const keys = allowListKeys(service);
    return [
      ...(users === undefined ? [] : [envLine(keys.users, users.join(','))]),
      ...(groups === undefined ? [] : [envLine(keys.groups, groups.join(','))]),
    ];
  });
  return new Map([
    ['access/lists.env', `${[...general, ...ofServices].join('\n')}\n`],
    ['access/policy.yaml', policy?.replace(/^\ufeff/, '') ?? NO_POLICY],
  ]);
}
