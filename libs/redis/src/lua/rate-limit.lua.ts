/**
 * One step of the generic cell rate algorithm (GCRA; ITU-T I.371, "virtual scheduling"), in whole µs of the server's
 * clock. A key that is used up by so many µs is free again after as many.
 *
 * KEYS[1] when the key is free again (string: µs since 1970), absent when it is
 * ARGV[1] µs that the key may be used up by · ARGV[2] µs to use up: 0 only looks, less than 0 gives back
 * Answers {1, µs used up after the step}, or {0, µs used up} when the step would go beyond.
 *
 * What is stored beyond the limit (the limit was lowered, the clock went back) counts as used up to the limit.
 */
export const RATE_LIMIT_SCRIPT = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local limit = tonumber(ARGV[1])
local cost = tonumber(ARGV[2])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
local used = math.min(limit, math.max(0, free - now))
local wanted = math.max(0, used + cost)
if wanted > limit then return {0, used} end
if cost == 0 then return {1, used} end
if wanted == 0 then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], string.format('%.0f', now + wanted), 'PX', math.ceil(wanted / 1000))
end
return {1, wanted}
`;
