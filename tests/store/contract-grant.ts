/** The part of the contract about grants: codes, refresh tokens and standing (security invariants 2 and 3). */
import { describe, expect, it } from 'vitest';
import type { GrantRecord, RotateRefreshResult, Store } from '../../runtime/store/store.ts';
import type { ContractContext } from './contract.ts';
import {
  GRACE_MS,
  MAX_REFRESH_ANSWERS,
  REFRESH_LIFETIME_MS,
  makeClient,
  makeGrant,
  type TestClock,
} from './records.ts';

export function describeGrantContract(context: ContractContext): void {
  describe('grants', () => describeGrants(context));
  describe('authorization codes', () => describeCodes(context));
  describe('refresh tokens', () => {
    describeRotation(context);
    describeReuse(context);
  });
  describe('standing', () => describeStanding(context));
}

function describeGrants(context: ContractContext): void {
  it('returns what was put until its end, revoked or not', async () => {
    const { store, clock } = context();
    const grant = makeGrant('g', clock.now());
    await store.putGrant(grant);
    expect(await store.getGrant('g')).toStrictEqual(grant);
    await store.revokeGrant('g');
    await store.revokeGrant('g');
    expect(await store.getGrant('g')).toStrictEqual({ ...grant, revoked: true });
    clock.advance(60_000 - 1);
    expect(await store.getGrant('g')).toBeDefined();
    clock.advance(1);
    expect(await store.getGrant('g')).toBeUndefined();
  });

  it('replaces the whole record, its answers too', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    await rotate(store, clock, 1);
    const grant = makeGrant('g', clock.now(), { resources: [], codeUsed: true, generation: 2 });
    await store.putGrant(grant);
    expect(await store.getGrant('g')).toStrictEqual(grant);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'reused' });
  });

  it('takes the revocation of an unknown grant', async () => {
    const { store } = context();
    await store.revokeGrant('nobody');
    expect(await store.getGrant('nobody')).toBeUndefined();
  });
}

function describeCodes(context: ContractContext): void {
  const redeem = (store: Store, clock: TestClock, codeHash = 'code-of-g') =>
    store.redeemCode('g', codeHash, clock.now() + REFRESH_LIFETIME_MS);

  it('redeems a code and moves the grant on', async () => {
    const { store, clock } = context();
    const grant = makeGrant('g', clock.now());
    await store.putGrant(grant);
    clock.advance(60_000 - 1);
    const redeemed: GrantRecord = {
      ...grant,
      codeUsed: true,
      generation: 1,
      expiresAtMs: clock.now() + REFRESH_LIFETIME_MS,
    };
    expect(await redeem(store, clock)).toStrictEqual({ outcome: 'redeemed', grant: redeemed });
    clock.advance(REFRESH_LIFETIME_MS - 1);
    expect(await store.getGrant('g')).toStrictEqual(redeemed);
    clock.advance(1);
    expect(await store.getGrant('g')).toBeUndefined();
  });

  it('refuses a code in the very millisecond of its end', async () => {
    const { store, clock } = context();
    await store.putGrant(makeGrant('g', clock.now(), { expiresAtMs: clock.now() + 120_000 }));
    clock.advance(60_000);
    expect(await redeem(store, clock)).toStrictEqual({ outcome: 'unknown' });
    expect(await store.getGrant('g')).toMatchObject({ codeUsed: false, revoked: false });
  });

  it('refuses a wrong code, an unknown grant and a revoked one, and revokes nothing', async () => {
    const { store, clock } = context();
    await store.putGrant(makeGrant('g', clock.now()));
    expect(await redeem(store, clock, 'guess')).toStrictEqual({ outcome: 'unknown' });
    expect(await store.redeemCode('other', 'code-of-g', clock.now() + 1)).toStrictEqual({
      outcome: 'unknown',
    });
    expect(await redeem(store, clock)).toMatchObject({ outcome: 'redeemed' });
    expect(await redeem(store, clock, 'guess')).toStrictEqual({ outcome: 'unknown' });
    expect(await store.getGrant('g')).toMatchObject({ revoked: false });
    await store.revokeGrant('g');
    expect(await redeem(store, clock)).toStrictEqual({ outcome: 'unknown' });
  });

  it('revokes the grant when a used code comes again, even long after its end', async () => {
    const { store, clock } = context();
    await store.putGrant(makeGrant('g', clock.now()));
    await redeem(store, clock);
    clock.advance(86_400_000);
    const replay = await redeem(store, clock);
    expect(replay).toMatchObject({ outcome: 'replayed', grant: { id: 'g', revoked: true, generation: 1 } });
    expect(await store.getGrant('g')).toStrictEqual(replay.outcome === 'replayed' ? replay.grant : undefined);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'unknown' });
  });

  it('lets one of fifty win, and the others revoke what it got', async () => {
    const { store, clock } = context();
    await store.putGrant(makeGrant('g', clock.now()));
    const results = await Promise.all(Array.from({ length: 50 }, () => redeem(store, clock)));
    const outcomes = results.map((result) => result.outcome);
    expect(outcomes.filter((outcome) => outcome === 'redeemed')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'replayed')).toHaveLength(1);
    expect(await store.getGrant('g')).toMatchObject({ revoked: true });
  });
}

function describeRotation(context: ContractContext): void {
  it('rotates, keeps the answer and moves the end', async () => {
    const { store, clock } = context();
    const grant = await putWithRefreshToken(store, clock);
    clock.advance(5_000);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'rotated' });
    expect(await store.getGrant('g')).toStrictEqual({
      ...grant,
      generation: 2,
      expiresAtMs: clock.now() + REFRESH_LIFETIME_MS,
    });
    expect(await rotate(store, clock, 2)).toStrictEqual({ outcome: 'rotated' });
  });

  it('knows no token before the code was redeemed, from the future, or of an ended grant', async () => {
    const { store, clock } = context();
    await store.putGrant(makeGrant('g', clock.now()));
    expect(await rotate(store, clock, 0)).toStrictEqual({ outcome: 'unknown' });
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'unknown' });
    const grant = await putWithRefreshToken(store, clock);
    expect(await rotate(store, clock, 0)).toStrictEqual({ outcome: 'unknown' });
    expect(await rotate(store, clock, 2)).toStrictEqual({ outcome: 'unknown' });
    expect(await store.getGrant('g')).toStrictEqual(grant);
    clock.advance(REFRESH_LIFETIME_MS);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'unknown' });
  });

  it('gives a retry the identical answer, and writes nothing', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    await rotate(store, clock, 1);
    const before = await store.getGrant('g');
    clock.advance(GRACE_MS);
    expect(await rotate(store, clock, 1, 'another')).toStrictEqual({ outcome: 'retry', sealed: 'answer 1' });
    expect(await store.getGrant('g')).toStrictEqual(before);
  });

  it('lets one of fifty mint and gives the others its answer', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) => rotate(store, clock, 1, `answer of caller ${index}`)),
    );
    const winner = results.findIndex((result) => result.outcome === 'rotated');
    const others = results.filter((_, index) => index !== winner);
    expect(others).toHaveLength(49);
    for (const result of others) {
      expect(result).toStrictEqual({ outcome: 'retry', sealed: `answer of caller ${winner}` });
    }
    expect(await store.getGrant('g')).toMatchObject({ generation: 2, revoked: false });
  });
}

function describeReuse(context: ContractContext): void {
  it('answers a late retry while the successor was never used, and no longer', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    await rotate(store, clock, 1);
    clock.advance(REFRESH_LIFETIME_MS - 1);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'retry', sealed: 'answer 1' });
    await rotate(store, clock, 2);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'reused' });
  });

  it('answers an older token to the last millisecond of grace, then revokes the family', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    await rotate(store, clock, 1);
    await rotate(store, clock, 2);
    clock.advance(GRACE_MS);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'retry', sealed: 'answer 1' });
    clock.advance(1);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'reused' });
    expect(await store.getGrant('g')).toMatchObject({ revoked: true, generation: 3 });
    expect(await rotate(store, clock, 3)).toStrictEqual({ outcome: 'unknown' });
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'unknown' });
  });

  it('keeps a bounded number of answers, within grace too', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    const count = MAX_REFRESH_ANSWERS + 5;
    for (let generation = 1; generation <= count; generation++) await rotate(store, clock, generation);
    for (let generation = 6; generation <= count; generation++)
      expect(await rotate(store, clock, generation)).toStrictEqual({
        outcome: 'retry',
        sealed: `answer ${generation}`,
      });
    expect(await rotate(store, clock, 5)).toStrictEqual({ outcome: 'reused' });
  });

  it('returns a sealed answer to the byte', async () => {
    const { store, clock } = context();
    await putWithRefreshToken(store, clock);
    const sealed = 'a:b c\n"d"\u0000\u{1f511}'.repeat(500);
    await rotate(store, clock, 1, sealed);
    expect(await rotate(store, clock, 1)).toStrictEqual({ outcome: 'retry', sealed });
  });
}

function describeStanding(context: ContractContext): void {
  const alive = { grantAlive: true, clientAlive: true, userAlive: true };
  const standing = ({ store }: { store: Store }) => store.standing('g', 'client', 'github:1');
  const prepare = async () => {
    const { store, clock } = context();
    await store.putClient(makeClient('client', clock.now(), { expiresAtMs: clock.now() + 120_000 }));
    await store.putGrant(makeGrant('g', clock.now()));
    return { store, clock };
  };

  it('is good for a live grant of a live client and user, in all else not', async () => {
    const { store } = await prepare();
    expect(await standing({ store })).toStrictEqual(alive);
    expect(await store.standing('g', 'other', 'github:1')).toStrictEqual({ ...alive, clientAlive: false });
    expect(await store.standing('other', 'client', 'github:1')).toStrictEqual({
      grantAlive: false,
      clientAlive: true,
      userAlive: false,
    });
  });

  it("is each token's own, however many are asked for at once", async () => {
    const { store, clock } = await prepare();
    const url = 'https://client.example/metadata.json';
    await store.revokeClient(url, clock.now() + 1);
    await store.revokeUser('github:2', clock.now() + 1);
    await store.putGrant(makeGrant('revoked', clock.now()));
    await store.revokeGrant('revoked');
    const cases: { ids: [string, string, string]; is: typeof alive }[] = [
      { ids: ['g', 'client', 'github:1'], is: alive },
      { ids: ['revoked', 'client', 'github:1'], is: { ...alive, grantAlive: false } },
      { ids: ['g', 'other', 'github:1'], is: { ...alive, clientAlive: false } },
      { ids: ['g', url, 'github:1'], is: { ...alive, clientAlive: false } },
      { ids: ['g', `${url}x`, 'github:2'], is: { ...alive, userAlive: false } },
    ];
    const asked = Array.from({ length: 200 }, () => cases).flat();
    const answers = await Promise.all(asked.map(({ ids }) => store.standing(...ids)));
    expect(answers).toStrictEqual(asked.map(({ is }) => is));
  });

  it('ends with the grant and with the client, to the millisecond', async () => {
    const { store, clock } = await prepare();
    clock.advance(60_000 - 1);
    expect(await standing({ store })).toStrictEqual(alive);
    clock.advance(1);
    expect(await standing({ store })).toStrictEqual({
      grantAlive: false,
      clientAlive: true,
      userAlive: false,
    });
    clock.advance(60_000);
    expect(await standing({ store })).toStrictEqual({
      grantAlive: false,
      clientAlive: false,
      userAlive: false,
    });
  });

  it('ends when the grant is revoked or the client deleted', async () => {
    const { store } = await prepare();
    await store.revokeGrant('g');
    expect(await standing({ store })).toStrictEqual({ ...alive, grantAlive: false });
    await store.deleteClient('client');
    expect(await standing({ store })).toStrictEqual({
      grantAlive: false,
      clientAlive: false,
      userAlive: true,
    });
  });

  it('ends for a client that names itself by a URL only by its revocation, for what came before', async () => {
    const { store, clock } = await prepare();
    const url = 'https://client.example/metadata.json';
    const ofDocument = () => store.standing('g', url, 'github:1');
    expect(await ofDocument()).toStrictEqual(alive);
    await store.revokeClient(url, clock.now());
    expect(await ofDocument()).toStrictEqual(alive);
    await store.revokeClient(url, clock.now() + 1);
    expect(await ofDocument()).toStrictEqual({ ...alive, clientAlive: false });
    await store.revokeClient(url, clock.now());
    expect(await store.clientRevokedAt(url)).toBe(clock.now() + 1);
    expect(await store.clientRevokedAt('https://another.example/')).toBeUndefined();
    expect(await ofDocument()).toStrictEqual({ ...alive, clientAlive: false });
    expect(await store.standing('g', `${url}x`, 'github:1')).toStrictEqual(alive);
  });

  it('ends for what a user was granted before the revocation, not for what came after or belongs to others', async () => {
    const { store, clock } = await prepare();
    await store.revokeUser('github:1', clock.now());
    expect(await standing({ store })).toStrictEqual(alive);
    await store.revokeUser('github:1', clock.now() + 1);
    expect(await standing({ store })).toStrictEqual({ ...alive, userAlive: false });
    expect(await store.standing('g', 'client', 'github:2')).toStrictEqual(alive);
    // An earlier mark that arrives late takes nothing back.
    await store.revokeUser('github:1', clock.now() - 1);
    expect(await standing({ store })).toStrictEqual({ ...alive, userAlive: false });
    clock.advance(1);
    await store.putGrant(makeGrant('g', clock.now()));
    expect(await standing({ store })).toStrictEqual(alive);
  });
}

/** A grant whose code was redeemed: its refresh token has generation 1. */
async function putWithRefreshToken(store: Store, clock: TestClock): Promise<GrantRecord> {
  const grant = makeGrant('g', clock.now());
  await store.putGrant(grant);
  const result = await store.redeemCode('g', grant.codeHash, clock.now() + REFRESH_LIFETIME_MS);
  if (result.outcome !== 'redeemed') throw new Error(`The code of a new grant was ${result.outcome}.`);
  return result.grant;
}

function rotate(
  store: Store,
  clock: TestClock,
  generation: number,
  sealed = `answer ${generation}`,
): Promise<RotateRefreshResult> {
  const expiresAtMs = clock.now() + REFRESH_LIFETIME_MS;
  return store.rotateRefresh({ grantId: 'g', generation, sealed, graceMs: GRACE_MS, expiresAtMs });
}
