import { HEAD } from '../store.port.js';

/**
 * The scripts: each is one atomic step on the keys of one slot, and each write is conditional, so that one
 * which Redis applies late, after the client gave up on it, does no harm (K-07).
 *
 * A full store (K-12): they carry no flags line (`#!lua`), which Redis 6 does not know; without it a script
 * starts on a full store, and Redis refuses a command that needs memory only while the script has written
 * nothing yet. So what must work on a full store first does a write that needs none (PEXPIRE, DEL). Where
 * even that is not to be relied on, `redis.pcall` keeps the failure from stopping the rest.
 */

const EIGHT_BYTES = 8;
const end = (start: number): number => start + EIGHT_BYTES - 1;

/** KEYS identity tokens device tombstone; ARGV identity tokens device ttl. A tombstone refuses: an end that overtook a late create wins. */
const create = `
if redis.call('EXISTS', KEYS[1], KEYS[4]) > 0 then return 0 end
for at = 1, 3 do redis.call('SET', KEYS[at], ARGV[at], 'PX', ARGV[4]) end
return 1`;

/**
 * KEYS tokens identity; ARGV expected tokens accessExpiry channel signal. 1 written, 0 conflict, -1 gone.
 * The provider may have replaced the refresh token already: a full store must not lose the new one.
 */
const writeTokens = `
local counter = redis.call('GETRANGE', KEYS[1], ${HEAD.counterAt}, ${end(HEAD.counterAt)})
if counter == '' or redis.call('STRLEN', KEYS[2]) < ${HEAD.identityBytes} then return -1 end
if counter ~= ARGV[1] then return 0 end
local life = redis.call('PTTL', KEYS[1])
if life > 0 then redis.call('PEXPIRE', KEYS[1], life) end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('SETRANGE', KEYS[2], ${HEAD.accessExpiryAt}, ARGV[3])
redis.pcall('PUBLISH', ARGV[4], ARGV[5])
return 1`;

/** Bytes are compared one by one, because Lua compares strings by locale. */
const IS_LATER = `
local function isLater(one, other)
  for at = 1, ${EIGHT_BYTES} do
    local a, b = string.byte(one, at), string.byte(other, at)
    if a ~= b then return a > b end
  end
  return false
end
`;

/**
 * KEYS identity tokens device; ARGV expected identity latest ttl channel signal. The two instants in the stored head may have
 * moved since the caller read: they stay, but for an idle deadline that is too late.
 */
const writeIdentity = `${IS_LATER}
local head = redis.call('GETRANGE', KEYS[1], 0, ${HEAD.identityBytes - 1})
if #head < ${HEAD.identityBytes} then return -1 end
if string.sub(head, ${HEAD.counterAt + 1}, ${HEAD.idleDeadlineAt}) ~= ARGV[1] then return 0 end
local idle = string.sub(head, ${HEAD.idleDeadlineAt + 1}, ${HEAD.accessExpiryAt})
if isLater(idle, ARGV[3]) then
  for at = 1, 3 do redis.call('PEXPIRE', KEYS[at], ARGV[4]) end
  idle = ARGV[3]
end
local record = string.sub(ARGV[2], 1, ${HEAD.idleDeadlineAt})
  .. idle
  .. string.sub(head, ${HEAD.accessExpiryAt + 1})
  .. string.sub(ARGV[2], ${HEAD.identityBytes + 1})
redis.call('SET', KEYS[1], record, 'KEEPTTL')
redis.pcall('PUBLISH', ARGV[5], ARGV[6])
return 1`;

/**
 * KEYS identity tokens device; ARGV deadline ttl channel signal. A deadline that would move back is a write that came late: it
 * changes nothing.
 */
const extendIdle = `${IS_LATER}
local stored = redis.call('GETRANGE', KEYS[1], ${HEAD.idleDeadlineAt}, ${end(HEAD.idleDeadlineAt)})
if #stored < ${EIGHT_BYTES} then return 0 end
if isLater(stored, ARGV[1]) then return 1 end
for at = 1, 3 do redis.call('PEXPIRE', KEYS[at], ARGV[2]) end
redis.pcall('SETRANGE', KEYS[1], ${HEAD.idleDeadlineAt}, ARGV[1])
redis.pcall('PUBLISH', ARGV[3], ARGV[4])
return 1`;

/** KEYS identity tokens device tombstone; ARGV reason ttl channel signal. The first reason stays. */
const endSession = `
local there = redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2], KEYS[3])
redis.pcall('SET', KEYS[4], ARGV[1], 'PX', ARGV[2], 'NX')
if there == 1 then redis.pcall('PUBLISH', ARGV[3], ARGV[4]) end
return there`;

/** KEYS identity device; ARGV headBytes. {head, device}, or nil when either is missing. */
const readDevice = `
local head = redis.call('GETRANGE', KEYS[1], 0, ARGV[1] - 1)
local device = redis.call('GET', KEYS[2])
return head ~= '' and device and { head, device }`;

/** KEYS mark; ARGV value life. The larger value stays, and so does the longer life; works on a full store. */
const mark = `
local life = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], life)
local stored = redis.call('GET', KEYS[1])
local later = stored and tonumber(stored) > tonumber(ARGV[1])
redis.call('SET', KEYS[1], later and stored or ARGV[1], 'PX', life)
return 1`;

/** KEYS counter; ARGV window. A counter that has no end, whatever took it away, gets one. */
const count = `
local counted = redis.call('INCR', KEYS[1])
local life = redis.call('PTTL', KEYS[1])
if life < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  life = tonumber(ARGV[1])
end
return { counted, life }`;

/** KEYS index; ARGV member score now life prune. The index lives as long as its longest member; pruning is bounded. */
const addToIndex = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
local stale = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3], 'LIMIT', 0, ARGV[5])
if #stale > 0 then redis.call('ZREM', KEYS[1], unpack(stale)) end
return 1`;

/** Fields `t:<state>` and `s:<state>`: 14 digits of createdAt, 14 digits of expiry, then the bytes. Redis' clock judges expiry. */
const TRANSACTIONS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function value(field)
  local stored = redis.call('HGET', KEYS[1], field)
  if stored and tonumber(string.sub(stored, 15, 28)) > now then return string.sub(stored, 29) end
  return false
end
`;

/** KEYS transactions; ARGV state createdAt life limit transaction stub. Written first, evicted then: a full store evicts nothing. */
const putTransaction = `${TRANSACTIONS}
local life = tonumber(ARGV[3])
local head = ARGV[2] .. string.format('%014.0f', now + life)
redis.call('HSET', KEYS[1], 't:' .. ARGV[1], head .. ARGV[5], 's:' .. ARGV[1], head .. ARGV[6])
if redis.call('PTTL', KEYS[1]) < life then redis.call('PEXPIRE', KEYS[1], life) end
local all, others = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #all, 2 do
  local state = string.sub(all[at], 3)
  if string.sub(all[at], 1, 2) == 's:' and state ~= ARGV[1] then
    if tonumber(string.sub(all[at + 1], 15, 28)) <= now then
      redis.call('HDEL', KEYS[1], 't:' .. state, 's:' .. state)
    else
      others[#others + 1] = { state, tonumber(string.sub(all[at + 1], 1, 14)) }
    end
  end
end
table.sort(others, function(a, b) return a[2] < b[2] end)
for at = 1, #others - tonumber(ARGV[4]) + 1 do
  redis.call('HDEL', KEYS[1], 't:' .. others[at][1], 's:' .. others[at][1])
end
return 1`;

/** How many browsers one login pushes out at most: more than come in, so that a lower bound is reached, too. */
const PUSHED_OUT = 32;

/**
 * KEYS browsers; ARGV browser life most. The browsers whose logins are to go, which lie in other slots. Microseconds of
 * Redis' clock keep the order of those who come in one millisecond.
 */
const boundBrowsers = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local over = string.format('%.0f', now - ARGV[2] * 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', over, 'LIMIT', 0, ${PUSHED_OUT})
if #gone > 0 then redis.call('ZREM', KEYS[1], unpack(gone)) end
local excess = math.min(redis.call('ZCARD', KEYS[1]) - ARGV[3], ${PUSHED_OUT})
if excess <= 0 then return {} end
local oldest = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '+inf', 'LIMIT', 0, excess)
redis.call('ZREM', KEYS[1], unpack(oldest))
return oldest`;

/** KEYS transactions; ARGV state. {1, transaction} for the first taker, {0, stub} for the next, nil for anybody else. */
const takeTransaction = `${TRANSACTIONS}
local transaction = value('t:' .. ARGV[1])
if transaction then
  redis.call('HDEL', KEYS[1], 't:' .. ARGV[1])
  return { 1, transaction }
end
local stub = value('s:' .. ARGV[1])
return stub and { 0, stub }`;

/** KEYS transactions; ARGV state. */
const peekTransaction = `${TRANSACTIONS}
return value('t:' .. ARGV[1])`;

/** KEYS lock; ARGV owner ttl. */
const renewLock = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

/** KEYS lock; ARGV owner. */
const releaseLock = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** As ioredis takes them: it sends EVALSHA, and EVAL where the server does not know the script yet. */
export const SCRIPTS = {
  vCreate: { lua: create, numberOfKeys: 4 },
  vWriteTokens: { lua: writeTokens, numberOfKeys: 2 },
  vWriteIdentity: { lua: writeIdentity, numberOfKeys: 3 },
  vExtendIdle: { lua: extendIdle, numberOfKeys: 3 },
  vEnd: { lua: endSession, numberOfKeys: 4 },
  vReadDevice: { lua: readDevice, numberOfKeys: 2 },
  vMark: { lua: mark, numberOfKeys: 1 },
  vCount: { lua: count, numberOfKeys: 1 },
  vAddToIndex: { lua: addToIndex, numberOfKeys: 1 },
  vPutTransaction: { lua: putTransaction, numberOfKeys: 1 },
  vBoundBrowsers: { lua: boundBrowsers, numberOfKeys: 1 },
  vTakeTransaction: { lua: takeTransaction, numberOfKeys: 1 },
  vPeekTransaction: { lua: peekTransaction, numberOfKeys: 1 },
  vRenewLock: { lua: renewLock, numberOfKeys: 1 },
  vReleaseLock: { lua: releaseLock, numberOfKeys: 1 },
} as const;

type Script<T> = (
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
) => Promise<T>;

/** The methods that ioredis makes of the scripts; it flattens the two lists. */
export interface ScriptCommands {
  readonly vCreate: Script<number>;
  readonly vWriteTokens: Script<number>;
  readonly vWriteIdentity: Script<number>;
  readonly vExtendIdle: Script<number>;
  readonly vEnd: Script<number>;
  readonly vReadDeviceBuffer: Script<readonly [Buffer, Buffer] | null>;
  readonly vMark: Script<number>;
  readonly vCount: Script<readonly [number, number]>;
  readonly vAddToIndex: Script<number>;
  readonly vPutTransaction: Script<number>;
  readonly vBoundBrowsers: Script<readonly string[]>;
  readonly vTakeTransactionBuffer: Script<readonly [number, Buffer] | null>;
  readonly vPeekTransactionBuffer: Script<Buffer | null>;
  readonly vRenewLock: Script<number>;
  readonly vReleaseLock: Script<number>;
}
