/**
 * Pieces that several scripts begin with. Redis has no other way to share code between scripts that are sent by
 * digest.
 */

/** Tells those who wait for an entry, on their own channels; each of them asked once. */
export const wakePart = `
local function wake(waiters, message)
  local waiting = redis.call('SMEMBERS', waiters)
  if #waiting == 0 then return end
  redis.call('DEL', waiters)
  for _, channel in ipairs(waiting) do redis.call('PUBLISH', channel, message) end
end
`;

/** Holds are a sorted set of tokens by the server's time of their end, in ms. */
export const holdPart = `
local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function isHeld(holds)
  if redis.call('EXISTS', holds) == 0 then return false end
  redis.call('ZREMRANGEBYSCORE', holds, '-inf', nowMs())
  return redis.call('ZCARD', holds) > 0
end
local function takeHold(holds, token, ms)
  redis.call('ZREMRANGEBYSCORE', holds, '-inf', nowMs())
  redis.call('ZADD', holds, nowMs() + ms, token)
  redis.call('PEXPIRE', holds, ms)
end
`;
