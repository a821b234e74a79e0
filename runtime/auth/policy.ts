/** The policy that is in force, which changes while the server runs (`Auth.setAccess`). */
import { OPEN_POLICY, type Decision, type Policy, type Question } from '../policy/policy.ts';
import type { AuthContext } from './auth-context.ts';

export interface LivePolicy {
  /** Another one after each change: what was decided under an older one must be decided again. */
  readonly version: number;
  decide(question: Question): Decision;
  replace(policy: Policy): void;
  /** @returns how to stop it */
  onChange(listener: () => void): () => void;
}

export function createLivePolicy(initial: Policy = OPEN_POLICY): LivePolicy {
  let policy = initial;
  let version = 1;
  const listeners = new Set<() => void>();
  return {
    get version() {
      return version;
    },
    decide: (question) => policy.decide(question),
    replace: (next) => {
      policy = next;
      version += 1;
      for (const listener of listeners) listener();
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** @returns names of the services, of those that the resources stand for, that the person may use with the client */
export function usableServices(
  { policy, resources }: AuthContext,
  user: Question['user'],
  client: string,
  urls: readonly string[],
): string[] {
  return urls.flatMap((url) => {
    const service = resources.service(url);
    return service !== undefined && policy.decide({ user, client, service }).allowed ? [service] : [];
  });
}
