/**
 * Adds a charge to the statistics of its user, to those that hold exactly the charges before it. What misses one is left
 * as it is: a reader sees by its revision that it is behind, and has it rebuilt.
 *
 * KEYS[1..3] hours, days, weeks · ARGV[1] revision · ARGV[2] messages · ARGV[3] tokens · ARGV[4..6] field in each
 */
export const ADD_SCRIPT = `
for i, key in ipairs(KEYS) do
  local at = redis.call('HGET', key, 'revision')
  if at and tonumber(at) == tonumber(ARGV[1]) - 1 then
    redis.call('HINCRBY', key, ARGV[3 + i], ARGV[2])
    redis.call('HINCRBY', key, ARGV[3 + i] .. ' tokens', ARGV[3])
    redis.call('HSET', key, 'revision', ARGV[1])
  end
end
return 1
`;

/** KEYS[1] statistics · ARGV[1] ms kept · ARGV[2..] fields and values, `revision` and `since` among them. */
export const REPLACE_SCRIPT = `
redis.call('DEL', KEYS[1])
for i = 2, #ARGV, 1000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;

/** Adds a user to those HyperLogLogs that somebody has asked for. KEYS[1..] · ARGV[1] user */
export const NOTE_USER_SCRIPT = `
for _, key in ipairs(KEYS) do
  if redis.call('EXISTS', key) == 1 then redis.call('PFADD', key, ARGV[1]) end
end
return 1
`;

/**
 * The characters used most over several days, and the totals (member "total").
 *
 * KEYS[1], KEYS[2] for the sums, removed afterwards · KEYS[3..2+n] messages of the days · KEYS[3+n..] tokens of the days
 * ARGV[1] n · ARGV[2] how many · ARGV[3..] member, messages, tokens of what is not in a day's set
 * Answers {member, messages, tokens} each, the most used first; nothing when a day's set is gone.
 */
export const TOP_SCRIPT = `
local n = tonumber(ARGV[1])
if redis.call('EXISTS', unpack(KEYS, 3)) < 2 * n then return false end
redis.call('ZUNIONSTORE', KEYS[1], n, unpack(KEYS, 3, 2 + n))
redis.call('ZUNIONSTORE', KEYS[2], n, unpack(KEYS, 3 + n, 2 + 2 * n))
for i = 3, #ARGV, 3 do
  redis.call('ZINCRBY', KEYS[1], ARGV[i + 1], ARGV[i])
  redis.call('ZINCRBY', KEYS[2], ARGV[i + 2], ARGV[i])
end
local top = redis.call('ZREVRANGE', KEYS[1], 0, ARGV[2], 'WITHSCORES')
local rows = {}
for i = 1, #top, 2 do
  rows[#rows + 1] = {top[i], top[i + 1], redis.call('ZSCORE', KEYS[2], top[i]) or '0'}
end
redis.call('DEL', KEYS[1], KEYS[2])
return rows
`;
