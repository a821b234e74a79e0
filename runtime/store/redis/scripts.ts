/**
 * The steps of the Redis store that read before they write, as Lua scripts, which Redis runs one at a time. Each
 * but `standings` and `readAll` touches one key, so that it works in a cluster too. The grant's steps say what `store/grant.ts` says; the contract suite
 * holds both to the same answers.
 *
 * Times come in as arguments in milliseconds and are written back as they came: Lua would print them as 1.8e+12.
 * JSON is never decoded here, since cjson turns an empty array into an object.
 */
import { MAX_REFRESH_ANSWERS } from '../store.ts';
import { GRANT_FIELDS } from './grant.ts';
import { NOTICES } from './keys.ts';

/** With the grant after it, the values of `GRANT_FIELDS`. */
export type RedeemReply = ['unknown'] | ['redeemed' | 'replayed', (string | null)[]];
/** A retry comes with the sealed answer. */
export type RotateReply = ['unknown' | 'rotated' | 'reused'] | ['retry', string];

export interface RedisScripts {
  /** Writes a hash anew; an empty `ttlMs` means for ever. */
  putHash(key: string, ttlMs: number | '', ...fieldsAndValues: (string | number)[]): Promise<unknown>;
  /** The same while the hash is there, its field `ends` lies ahead and `record` is `expected`. @returns 1 or 0 */
  swapClient(
    key: string,
    nowMs: number,
    expected: string,
    ttlMs: number | '',
    ...fieldsAndValues: (string | number)[]
  ): Promise<number>;
  /** @returns 1 if it was there and had not ended, else 0 */
  deleteClient(key: string, nowMs: number): Promise<number>;
  /** Sets a string only where there is none. @returns the one that is there, or null where this call set it */
  addString(key: string, value: string, ttlMs: number): Promise<string | null>;
  /** Sets a string only where it is `expected`. @returns 1 or 0 */
  swapString(key: string, expected: string, next: string, ttlMs: number): Promise<number>;
  redeemCode(
    key: string,
    nowMs: number,
    codeHash: string,
    expiresAtMs: number,
    ttlMs: number,
  ): Promise<RedeemReply>;
  rotateRefresh(
    key: string,
    nowMs: number,
    generation: number,
    sealed: string,
    graceMs: number,
    expiresAtMs: number,
    ttlMs: number,
  ): Promise<RotateReply>;
  revokeGrant(key: string): Promise<unknown>;
  /** Sets a number only upwards, and its life anew. */
  raise(key: string, kind: 'user' | 'client', value: number, ttlMs: number): Promise<unknown>;
  /** Sets a field only while the hash is empty. @returns all values */
  seedHash(key: string, field: string, value: string): Promise<string[]>;
  /**
   * Judges many tokens as `judgeStanding` does. First the number of keys; for each token the keys of its grant, its client and
   * its user's revocation; then the time in milliseconds, and for each token `document` or `registered`, its client's
   * kind. @returns for each token the sum of 1 (the grant is alive), 2 (the client) and 4 (the user)
   */
  standings(numberOfKeys: number, ...keysAndArguments: (string | number)[]): Promise<number[]>;
  /** First the number of keys; the keys, and for each `text`, `client` or `grant`. @returns what `reader.ts` reads of each */
  readAll(numberOfKeys: number, ...keysAndKinds: string[]): Promise<(string | null | (string | null)[])[]>;
  putKey(key: string, kid: string, record: string): Promise<unknown>;
  deleteKey(key: string, kid: string): Promise<unknown>;
  /** The step of `store/bucket.ts`. @returns how many were granted, and how long to wait where none was, milliseconds */
  takeFromBucket(
    key: string,
    burst: number,
    perSecond: number,
    count: number,
    nowMs: number,
    ttlMs: number,
  ): Promise<number[]>;
  /** Puts it first and drops all after index `last`. */
  pushEvent(key: string, event: string, last: number): Promise<unknown>;
}

/** Tells every subscriber, in every process, of the record whose id stands in the key's braces. */
const TELL = `
local function tell(kind, key)
  redis.call('PUBLISH', '${NOTICES}', cjson.encode({ kind = kind, id = string.match(key, '{(.*)}') }))
end`;

const PUT_HASH = `
local function putHash(key, ttl, first)
  redis.call('DEL', key)
  redis.call('HSET', key, unpack(ARGV, first))
  if ttl ~= '' then redis.call('PEXPIRE', key, ttl) end
end`;

const IS_AHEAD = `
local function isAhead(ends, now)
  return ends and (ends == 'never' or tonumber(ends) > tonumber(now))
end`;

const READ_GRANT = `
local function read(key)
  return redis.call('HMGET', key, ${GRANT_FIELDS.map((field) => `'${field}'`).join(', ')})
end`;

const REDEEM_CODE = `${IS_AHEAD}${TELL}${READ_GRANT}
local key, now, codeHash, expiresAt, ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local grant = redis.call('HMGET', key, 'ends', 'revoked', 'codeHash', 'codeUsed', 'codeEnds')
if not isAhead(grant[1], now) or grant[2] == '1' or grant[3] ~= codeHash then return {'unknown'} end
if grant[4] == '1' then
  redis.call('HSET', key, 'revoked', '1')
  tell('grant', key)
  return {'replayed', read(key)}
end
if not isAhead(grant[5], now) then return {'unknown'} end
redis.call('HSET', key, 'codeUsed', '1', 'generation', '1', 'ends', expiresAt)
redis.call('PEXPIRE', key, ttl)
return {'redeemed', read(key)}`;

// Answers are fields "answer:<generation>" with the value "<rotatedAtMs>:<sealed>".
const ROTATE_REFRESH = `${IS_AHEAD}${TELL}
local key, now, sealed, expiresAt, ttl = KEYS[1], ARGV[1], ARGV[3], ARGV[5], ARGV[6]
local generation, grace = tonumber(ARGV[2]), tonumber(ARGV[4])
local grant = redis.call('HMGET', key, 'ends', 'revoked', 'generation')
if not isAhead(grant[1], now) or grant[2] == '1' then return {'unknown'} end
local current = tonumber(grant[3])
if generation < 1 or generation > current then return {'unknown'} end

local function field(number) return 'answer:' .. string.format('%d', number) end
local function isInGrace(answer)
  return tonumber(now) - tonumber(string.match(answer, '^(%d+):')) <= grace
end

if generation == current then
  local oldest = current - ${MAX_REFRESH_ANSWERS}
  for number = math.max(oldest, 1), current - 1 do
    local answer = redis.call('HGET', key, field(number))
    if answer and (number == oldest or not isInGrace(answer)) then redis.call('HDEL', key, field(number)) end
  end
  redis.call('HSET', key, field(current), now .. ':' .. sealed,
    'generation', string.format('%d', current + 1), 'ends', expiresAt)
  redis.call('PEXPIRE', key, ttl)
  return {'rotated'}
end
local answer = redis.call('HGET', key, field(generation))
if answer and (generation == current - 1 or isInGrace(answer)) then
  return {'retry', string.sub(answer, string.find(answer, ':', 1, true) + 1)}
end
redis.call('HSET', key, 'revoked', '1')
tell('grant', key)
return {'reused'}`;

const STANDINGS = `${IS_AHEAD}
local now, answers = ARGV[1], {}
for token = 1, #KEYS / 3 do
  local grantKey, clientKey, userKey = KEYS[3 * token - 2], KEYS[3 * token - 1], KEYS[3 * token]
  local grant = redis.call('HMGET', grantKey, 'created', 'ends', 'revoked')
  local created = isAhead(grant[2], now) and tonumber(grant[1])
  local userRevokedAt = redis.call('GET', userKey)
  local bits = 0
  if created and grant[3] ~= '1' then bits = 1 end
  if ARGV[token + 1] == 'document' then
    local revokedAt = redis.call('GET', clientKey)
    if not revokedAt or (created and created >= tonumber(revokedAt)) then bits = bits + 2 end
  elseif isAhead(redis.call('HGET', clientKey, 'ends'), now) then
    bits = bits + 2
  end
  if created and (not userRevokedAt or created >= tonumber(userRevokedAt)) then bits = bits + 4 end
  answers[token] = bits
end
return answers`;

const READ_ALL = `${READ_GRANT}
local values = {}
for index, key in ipairs(KEYS) do
  local kind = ARGV[index]
  if kind == 'grant' then
    values[index] = read(key)
  elseif kind == 'client' then
    values[index] = redis.call('HGET', key, 'record')
  else
    values[index] = redis.call('GET', key)
  end
end
return values`;

/** In the form of ioredis's option `scripts`: sent whole once for each connection, by hash (EVALSHA) from then on. */
export const redisScripts: Record<keyof RedisScripts, { lua: string; numberOfKeys?: number }> = {
  putHash: { numberOfKeys: 1, lua: `${PUT_HASH}\nputHash(KEYS[1], ARGV[1], 2)` },
  swapClient: {
    numberOfKeys: 1,
    lua: `${PUT_HASH}${IS_AHEAD}${TELL}
local client = redis.call('HMGET', KEYS[1], 'ends', 'record')
if not isAhead(client[1], ARGV[1]) or client[2] ~= ARGV[2] then return 0 end
putHash(KEYS[1], ARGV[3], 4)
tell('client', KEYS[1])
return 1`,
  },
  deleteClient: {
    numberOfKeys: 1,
    lua: `${IS_AHEAD}${TELL}
local ends = redis.call('HGET', KEYS[1], 'ends')
redis.call('DEL', KEYS[1])
tell('client', KEYS[1])
if isAhead(ends, ARGV[1]) then return 1 end
return 0`,
  },
  redeemCode: { numberOfKeys: 1, lua: REDEEM_CODE },
  rotateRefresh: { numberOfKeys: 1, lua: ROTATE_REFRESH },
  // Only where it exists: a hash made by this would have no end.
  revokeGrant: {
    numberOfKeys: 1,
    lua: `${TELL}
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'revoked', '1')
  tell('grant', KEYS[1])
end`,
  },
  raise: {
    numberOfKeys: 1,
    lua: `${TELL}
local value = redis.call('GET', KEYS[1])
if not value or tonumber(value) < tonumber(ARGV[2]) then value = ARGV[2] end
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
tell(ARGV[1], KEYS[1])`,
  },
  addString: {
    numberOfKeys: 1,
    lua: `local found = redis.call('GET', KEYS[1])
if not found then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return found`,
  },
  swapString: {
    numberOfKeys: 1,
    lua: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`,
  },
  standings: { lua: STANDINGS },
  readAll: { lua: READ_ALL },
  putKey: {
    numberOfKeys: 1,
    lua: `redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PUBLISH', '${NOTICES}', '{"kind":"keys"}')`,
  },
  deleteKey: {
    numberOfKeys: 1,
    lua: `redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('PUBLISH', '${NOTICES}', '{"kind":"keys"}')`,
  },
  takeFromBucket: {
    numberOfKeys: 1,
    lua: `local burst, perSecond, count, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local at = tonumber(state[2]) or now
local tokens = math.min(burst, (tonumber(state[1]) or burst) + math.max(now - at, 0) / 1000 * perSecond)
local granted = math.min(count, math.floor(tokens))
redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens - granted), 'at', string.format('%d', math.max(now, at)))
redis.call('PEXPIRE', KEYS[1], ARGV[5])
if granted > 0 then return {granted, 0} end
return {0, math.ceil((1 - tokens) / perSecond * 1000 - 1e-6)}`,
  },
  pushEvent: {
    numberOfKeys: 1,
    lua: `redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2])`,
  },
  seedHash: {
    numberOfKeys: 1,
    lua: `if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return redis.call('HVALS', KEYS[1])`,
  },
};
