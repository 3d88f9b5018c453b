/**
 * The leases of a user's connections and what is known of them.
 *
 * KEYS[1] leases (sorted set: connection id → ms at which it ends, by the clock of Redis)
 * KEYS[2] details (hash: `c:<connection id>` → online | idle, `last` → ms of the last activity)
 */
const userPart = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases, details = KEYS[1], KEYS[2]
local function sweep()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
    redis.call('HDEL', details, 'c:' .. id)
  end
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
end
local function stateOf(ids)
  local found = 'offline'
  for _, id in ipairs(ids) do
    if redis.call('HGET', details, 'c:' .. id) ~= 'idle' then return 'online' end
    found = 'idle'
  end
  return found
end
local function state()
  return stateOf(redis.call('ZRANGE', leases, 0, -1))
end
`;

/**
 * Begins or prolongs leases. A connection that is online, or was until now, is a sign of activity; an idle one is not.
 *
 * ARGV[1] ms of a lease, ARGV[2] ms to keep the details, then connection id and state of each
 * Answers {state before, state after}
 */
export const keepLeasesScript = `${userPart}
sweep()
local before = state()
for at = 3, #ARGV, 2 do
  local field = 'c:' .. ARGV[at]
  redis.call('ZADD', leases, now + ARGV[1], ARGV[at])
  if ARGV[at + 1] == 'online' or redis.call('HGET', details, field) ~= 'idle' then
    redis.call('HSET', details, 'last', now)
  end
  redis.call('HSET', details, field, ARGV[at + 1])
end
redis.call('PEXPIREAT', leases, redis.call('ZRANGE', leases, -1, -1, 'WITHSCORES')[2])
redis.call('PEXPIRE', details, ARGV[2])
return {before, state()}
`;

/**
 * Ends leases.
 *
 * ARGV[1] ms to keep the details, then the connection ids
 * Answers {state before, state after}
 */
export const dropLeasesScript = `${userPart}
sweep()
local before = state()
for at = 2, #ARGV do
  local field = 'c:' .. ARGV[at]
  if redis.call('ZREM', leases, ARGV[at]) == 1 then
    if redis.call('HGET', details, field) ~= 'idle' then
      redis.call('HSET', details, 'last', now)
      redis.call('PEXPIRE', details, ARGV[1])
    end
    redis.call('HDEL', details, field)
  end
end
return {before, state()}
`;

/**
 * Looks without touching; leases that are over do not count.
 *
 * Answers {state, number of connections, ms of the last activity or ''}
 */
export const readLeasesScript = `${userPart}
local ids = redis.call('ZRANGEBYSCORE', leases, '(' .. now, '+inf')
return {stateOf(ids), #ids, redis.call('HGET', details, 'last') or ''}
`;
