import type { RedeemCodeResult, RotateRefreshResult, Store } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { decodeGrant, encodeGrant } from './grant.ts';
import { keyOf, ttlMs } from './keys.ts';
import type { Read } from './reader.ts';
import { unlessEnded } from './record.ts';
import type { RedeemReply, RotateReply } from './scripts.ts';

type GrantMethod = 'putGrant' | 'getGrant' | 'redeemCode' | 'rotateRefresh' | 'revokeGrant';

export function grantSteps(redis: RedisConnection, read: Read, now: () => number): Pick<Store, GrantMethod> {
  return {
    putGrant: async (grant) => {
      const ttl = ttlMs(grant.expiresAtMs, now());
      await redis.ask((client) => client.putHash(keyOf.grant(grant.id), ttl, ...encodeGrant(grant)));
    },
    getGrant: async (id) => unlessEnded(decodeGrant(await read('grant', keyOf.grant(id))), now()),
    redeemCode: async (grantId, codeHash, expiresAtMs) => {
      const key = keyOf.grant(grantId);
      const ttl = ttlMs(expiresAtMs, now());
      return toRedeemResult(
        await redis.askDurably((client) => client.redeemCode(key, now(), codeHash, expiresAtMs, ttl)),
      );
    },
    rotateRefresh: async ({ grantId, generation, sealed, graceMs, expiresAtMs }) => {
      const key = keyOf.grant(grantId);
      const ttl = ttlMs(expiresAtMs, now());
      return toRotateResult(
        await redis.askDurably((client) =>
          client.rotateRefresh(key, now(), generation, sealed, graceMs, expiresAtMs, ttl),
        ),
      );
    },
    revokeGrant: async (id) => {
      await redis.askDurably((client) => client.revokeGrant(keyOf.grant(id)));
    },
  };
}

function toRedeemResult([outcome, values]: RedeemReply): RedeemCodeResult {
  const grant = values && decodeGrant(values);
  return outcome === 'unknown' || grant === undefined ? { outcome: 'unknown' } : { outcome, grant };
}

function toRotateResult([outcome, sealed = '']: RotateReply): RotateRefreshResult {
  return outcome === 'retry' ? { outcome, sealed } : { outcome };
}
