/**
 * The sockets of a user.
 *
 * KEYS[1] index (sorted set: socket id → ms at which its entry was last written, by the clock of Redis)
 */
const indexPart = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Enters a socket, and forgets those that nobody has kept alive for the time of a session.
 *
 * ARGV[1] socket id, ARGV[2] ms of a session's life
 * Answers 1 when it is new
 */
export const indexSessionScript = `${indexPart}
local added = redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return added
`;

/**
 * Takes out sockets whose session was not found, unless their entry is so new that the session may be on its way.
 *
 * ARGV[1] ms for which an entry counts as new, then the socket ids
 * Answers how many were taken out
 */
export const unindexSessionsScript = `${indexPart}
local gone = 0
for at = 2, #ARGV do
  local written = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if written and tonumber(written) <= now - ARGV[1] then
    gone = gone + redis.call('ZREM', KEYS[1], ARGV[at])
  end
end
return gone
`;
