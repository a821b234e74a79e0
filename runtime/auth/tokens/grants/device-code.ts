/**
 * The device grant, RFC 8628 §3.4 and §3.5: the device asks again and again until the person has answered. Of
 * concurrent polls after that one gets the tokens.
 */
import { randomToken } from '../../../config/secrets.ts';
import type { ClientRecord, DeviceRecord, GrantRecord } from '../../../store/store.ts';
import type { AuthContext } from '../../auth-context.ts';
import { haveCodesEnded, parseDeviceCode } from '../../device/device-codes.ts';
import {
  AccessDeniedError,
  AuthorizationPendingError,
  ExpiredTokenError,
  InvalidGrantError,
  SlowDownError,
} from '../../errors.ts';
import { equalsInConstantTime, sha256 } from '../../hashing.ts';
import type { Parameters } from '../../parameters.ts';
import type { Issued, TokenRequest } from '../token.ts';

export const grantType = 'urn:ietf:params:oauth:grant-type:device_code';

export const parameters = ['device_code', 'scope', 'resource'] as const;

const INVALID = 'The device code is invalid or was used before. Start again.';

/** RFC 8628 §3.5, slow_down: "the interval MUST be increased by 5 seconds for this and all subsequent requests". */
const SLOWER_BY_SECONDS = 5;

/** A network delays one poll more than the next. */
const JITTER_MS = 1_000;

export async function find(
  context: AuthContext,
  client: ClientRecord,
  request: Parameters,
): Promise<GrantRecord> {
  const { store, limiter, now } = context;
  const code = parseDeviceCode(request.required('device_code'));
  const record = code === undefined ? undefined : await store.getRecord('device', code.id);
  if (
    code === undefined ||
    record === undefined ||
    !equalsInConstantTime(sha256(code.secret), record.secretHash)
  )
    throw new InvalidGrantError(INVALID);
  // A device that keeps to its interval never meets this; one in a loop writes no more than others.
  await limiter.admit('tokens', { grant: record.id });
  if (record.clientId !== client.id) throw new InvalidGrantError(INVALID, 'device code of another client');
  if (haveCodesEnded(record, now()))
    throw new ExpiredTokenError('Nobody answered in time. Start again; the device then shows a new code.');
  if (record.status === 'denied') throw new AccessDeniedError('The person did not agree.', undefined, 400);
  if (record.status === 'pending') return refusePending(context, record);
  if (record.user === undefined) throw new InvalidGrantError(INVALID, 'approved by nobody');
  return newGrant(record, record.user, now());
}

export async function handler({
  context,
  grant,
  parameters: request,
  mint,
  expiresAtMs,
}: TokenRequest): Promise<Issued> {
  const { store } = context;
  const id = parseDeviceCode(request.required('device_code'))?.id ?? '';
  if ((await store.takeRecord('device', id)) === undefined)
    throw new InvalidGrantError(INVALID, 'another poll was first');
  await store.putGrant({ ...grant, expiresAtMs });
  return { json: mint(grant.generation), event: 'tokens_issued' };
}

async function refusePending({ store, now }: AuthContext, record: DeviceRecord): Promise<never> {
  const { id, intervalSeconds, polledAtMs } = record;
  const nowMs = now();
  const early = polledAtMs !== undefined && nowMs - polledAtMs < intervalSeconds * 1000 - JITTER_MS;
  const next = early ? intervalSeconds + SLOWER_BY_SECONDS : intervalSeconds;
  // Where the record changed meanwhile, another poll or the person was first, and this one counts for nothing.
  await store.swapRecord('device', id, record, { ...record, intervalSeconds: next, polledAtMs: nowMs });
  if (early) throw new SlowDownError(`Wait ${next} seconds between requests.`);
  throw new AuthorizationPendingError('The person has not answered yet.');
}

/** Begun when the person agreed: what ended all of their access since then ends this too. */
function newGrant(
  { clientId, scopes, resources, approvedAtMs }: DeviceRecord,
  user: NonNullable<DeviceRecord['user']>,
  nowMs: number,
): GrantRecord {
  return {
    id: randomToken(16),
    clientId,
    user,
    redirectUri: '',
    redirectUriGiven: false,
    codeChallenge: '',
    scopes,
    resources,
    createdAtMs: approvedAtMs ?? nowMs,
    expiresAtMs: nowMs,
    // There is no code.
    codeHash: '',
    codeExpiresAtMs: nowMs,
    codeUsed: true,
    salt: randomToken(16),
    generation: 1,
    revoked: false,
  };
}
