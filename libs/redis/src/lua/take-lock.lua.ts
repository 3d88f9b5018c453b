/**
 * Takes a lock for a time, and numbers the taking.
 *
 * KEYS[1] the lock (string: its owner's token)
 * KEYS[2] the last fence (string)
 * ARGV[1] owner's token · ARGV[2] lease in ms · ARGV[3] ms for which the fence is remembered
 * Answers {1, fence}, or {0, ms until the holder's lease ends}.
 *
 * The fence is the time of the server in µs, or one more than the last where that is higher: it goes on rising after
 * the server has lost everything. Numbers beyond 14 digits lose their end when Lua writes them by itself.
 */
export const TAKE_LOCK_SCRIPT = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return {0, redis.call('PTTL', KEYS[1])}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
local fence = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], fence, 'PX', ARGV[3])
return {1, fence}
`;
