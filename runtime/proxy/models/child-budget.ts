/**
 * How many children one proxy may have, of one user and in all, whoever starts them: a session, a pool of the era without
 * sessions, a server that many share. Spares have a bound of their own.
 */

export interface ChildBudgetLimits {
  maxChildren: number;
  maxChildrenPerUser: number;
}

/** Gives one place back; a second call does nothing. */
export type Lease = () => void;

/** Why there is no place. */
export type BudgetRefusal = 'full' | 'user-full';

/**
 * Asked for when there is no place left.
 * @param user whose place is wanted; undefined when it may be anybody's
 * @returns whether an idle child was given up, so that its place is free
 */
export type Reclaim = (user: string | undefined) => boolean;

export class ChildBudget {
  readonly #limits: ChildBudgetLimits;
  readonly #byUser = new Map<string, number>();
  readonly #reclaims: Reclaim[] = [];
  #taken = 0;

  constructor(limits: ChildBudgetLimits) {
    this.#limits = limits;
  }

  /** Children that hold a place. */
  get taken(): number {
    return this.#taken;
  }

  /** Adds an owner of children that may be idle, who is asked for one of them before somebody is refused. */
  onNeed(reclaim: Reclaim): void {
    this.#reclaims.push(reclaim);
  }

  /** @param user whose child it is; undefined for one that all share */
  take(user: string | undefined): Lease | BudgetRefusal {
    const refusal = this.#refusal(user);
    if (refusal !== undefined && !this.#reclaims.some((reclaim) => this.#frees(reclaim, refusal, user)))
      return refusal;
    this.#taken += 1;
    if (user !== undefined) this.#byUser.set(user, this.#of(user) + 1);
    let held = true;
    return () => {
      if (held) this.#give(user);
      held = false;
    };
  }

  #frees(reclaim: Reclaim, refusal: BudgetRefusal, user: string | undefined): boolean {
    return reclaim(refusal === 'full' ? undefined : user) && this.#refusal(user) === undefined;
  }

  #refusal(user: string | undefined): BudgetRefusal | undefined {
    if (user !== undefined && this.#of(user) >= this.#limits.maxChildrenPerUser) return 'user-full';
    return this.#taken >= this.#limits.maxChildren ? 'full' : undefined;
  }

  #of(user: string): number {
    return this.#byUser.get(user) ?? 0;
  }

  #give(user: string | undefined): void {
    this.#taken -= 1;
    if (user === undefined) return;
    const left = this.#of(user) - 1;
    if (left > 0) this.#byUser.set(user, left);
    else this.#byUser.delete(user);
  }
}
