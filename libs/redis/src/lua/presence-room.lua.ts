/**
 * The connections in a room.
 *
 * KEYS[1] leases (sorted set: connection and user → ms at which it ends, by the clock of Redis)
 */
const roomPart = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Begins or prolongs leases, and forgets those that are over.
 *
 * ARGV[1] ms of a lease, then the members
 * Answers how many are in the room
 */
export const enterRoomScript = `${roomPart}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for at = 2, #ARGV do
  redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[at])
end
redis.call('PEXPIREAT', KEYS[1], redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2])
return redis.call('ZCARD', KEYS[1])
`;

/** Looks without touching. Answers the members whose lease goes on. */
export const readRoomScript = `${roomPart}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
`;
