/**
 * Allocates the stream's next number, stores the event under it, and tells the instances: one atomic step.
 *
 * KEYS[1] the stream's events (Redis stream; entry id `<seq>-0`)
 * KEYS[2] the stream's head (hash: epoch, seq)
 * ARGV[1] epoch to begin with when the stream has none · ARGV[2] "1" to begin a new epoch in any case
 * ARGV[3] the event as JSON, without epoch and seq · ARGV[4] events kept (about) · ARGV[5] ms kept
 * ARGV[6] channel
 * Answers {epoch, seq}.
 */
export const APPEND_SCRIPT = `
if ARGV[2] == '1' then redis.call('DEL', KEYS[1], KEYS[2]) end
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
local epoch = redis.call('HGET', KEYS[2], 'epoch')
local seq = redis.call('HINCRBY', KEYS[2], 'seq', 1)
if seq == 1 then redis.call('DEL', KEYS[1]) end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], seq .. '-0', 'e', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
redis.call('PUBLISH', ARGV[6], epoch .. ' ' .. seq .. ' ' .. ARGV[3])
return {epoch, seq}
`;

/**
 * Reads on from a number, and opens the stream's epoch if it has none, so that what a reader is told stays true for
 * the events that follow.
 *
 * KEYS[1], KEYS[2] as above · ARGV[1] epoch to begin with · ARGV[2] after · ARGV[3] limit · ARGV[4] ms kept
 * Answers {epoch, head, oldest kept seq or 0, entries}.
 */
export const READ_SCRIPT = `
if redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1]) == 1 then redis.call('PEXPIRE', KEYS[2], ARGV[4]) end
local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local oldest = 0
if first[1] then oldest = tonumber(string.match(first[1][1], '^(%d+)')) end
local entries = redis.call('XRANGE', KEYS[1], (tonumber(ARGV[2]) + 1) .. '-0', '+', 'COUNT', ARGV[3])
return {head[1], tonumber(head[2] or '0'), oldest, entries}
`;
