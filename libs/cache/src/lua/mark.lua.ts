/**
 * Declares every entry dead whose lease is not younger than now: all of a cache, or all with a tag.
 *
 * KEYS[1] mark of the cache or tag
 * ARGV[1] channel, ARGV[2] message, to which the stamp is added, ARGV[3] time to keep in ms, or '0' for ever
 * Answers the stamp
 *
 * The stamp never goes back, even when the server's clock does.
 */
export const markScript = `
local time = redis.call('TIME')
local stamp = string.format('%016.0f', time[1] * 1000000 + time[2])
local last = redis.call('GET', KEYS[1])
if last and last >= stamp then
  stamp = string.format('%016.0f', tonumber(last) + 1)
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], stamp)
else
  redis.call('SET', KEYS[1], stamp, 'PX', ARGV[3])
end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. stamp)
return stamp
`;
