/**
 * The leases of a user's connections and what is known of them.
 *
 * KEYS[1] leases (sorted set: connection id → ms at which it ends, by the clock of Redis)
 * KEYS[2] details (hash: `c:<connection id>` → online | idle, `last` → ms of the last activity, `told` → the state that
 *   was last answered as a change)
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
-- Leases also end by themselves: what nobody was told of is part of the next change.
local function change(before, after)
  local told = redis.call('HGET', details, 'told') or before
  if redis.call('EXISTS', details) == 1 then redis.call('HSET', details, 'told', after) end
  if before == after then before = told end
  return {before, after}
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
return change(before, state())
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
return change(before, state())
`;

/**
 * Forgets leases that are over, and what is known of connections without any.
 *
 * Answers {state that was told, state now, ms until the next lease ends; -1 without any}
 */
export const reapLeasesScript = `${userPart}
sweep()
local current = state()
if current == 'offline' then
  for _, field in ipairs(redis.call('HKEYS', details)) do
    if string.sub(field, 1, 2) == 'c:' then redis.call('HDEL', details, field) end
  end
end
local answer = change(current, current)
local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
answer[3] = first[2] and first[2] - now or -1
return answer
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
