/**
 * Users whose leases are to be looked at: everybody is in one of two lists, or in both.
 *
 * KEYS[1] due (sorted set: user id → ms at which to look, by the clock of Redis)
 * KEYS[2] taken (sorted set: user id → ms until which an instance is looking)
 */
const sweepPart = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due, taken = KEYS[1], KEYS[2]
`;

/**
 * Sees to it that users are looked at; who is listed stays where it is.
 *
 * ARGV[1] ms to keep the lists, then ms from now and user id of each
 */
export const watchUsersScript = `${sweepPart}
for at = 2, #ARGV, 2 do
  redis.call('ZADD', due, 'NX', now + ARGV[at], ARGV[at + 1])
end
redis.call('PEXPIRE', due, ARGV[1])
`;

/**
 * Gives users to one instance; those of an instance that did not come back in time are given again.
 *
 * ARGV[1] how many, ARGV[2] ms to look at them, ARGV[3] ms to keep the lists
 * Answers their ids
 */
export const takeUsersScript = `${sweepPart}
local users = redis.call('ZRANGEBYSCORE', taken, '-inf', now, 'LIMIT', 0, ARGV[1])
for _, user in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, ARGV[1] - #users)) do
  redis.call('ZREM', due, user)
  users[#users + 1] = user
end
for _, user in ipairs(users) do redis.call('ZADD', taken, now + ARGV[2], user) end
if #users > 0 then redis.call('PEXPIRE', taken, ARGV[3]) end
return users
`;
