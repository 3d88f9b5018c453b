/**
 * Allocates the stream's next number, stores the event under it, and tells the instances: one atomic step.
 *
 * KEYS[1] the stream's events (Redis stream; entry id `<seq>-0`)
 * KEYS[2] the stream's head (hash: epoch, seq, id of the newest event, fact, begun, sealed, closed)
 * ARGV[1] epoch to begin with when the stream has none · ARGV[2] the event as JSON, without epoch and seq
 * ARGV[3] events kept (about) · ARGV[4] ms kept · ARGV[5] channel
 * ARGV[6] number of the fact, "" for an event that is none · ARGV[7] the fact it follows, "" for none that matters
 * ARGV[8] "1" when it is the stream's last event · ARGV[9] epoch that it goes on from, "" for any
 * ARGV[10] the event's id · ARGV[11] "1" when it is to be told once in an epoch
 * Answers {"told", epoch, seq}, or without having told anything {"known", epoch}, {"behind"}, {"closed"} or {"moved"}.
 */
export const APPEND_SCRIPT = `
local head = redis.call('HMGET', KEYS[2], 'fact', 'closed', 'epoch', 'sealed', 'begun', 'id')
if ARGV[9] ~= '' and head[3] ~= ARGV[9] then return {'moved'} end
if ARGV[6] == '' then
  if head[2] or head[4] then return {'closed'} end
else
  local told = tonumber(head[1] or '0')
  if head[2] or told >= tonumber(ARGV[6]) then return {'known', head[3]} end
  if ARGV[7] ~= '' and told < tonumber(ARGV[7]) then return {'behind'} end
  redis.call('HSET', KEYS[2], 'fact', ARGV[6])
end
if ARGV[11] == '1' then
  if head[5] then return {'known', head[3]} end
  redis.call('HSET', KEYS[2], 'begun', '1')
end
redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1])
local epoch = redis.call('HGET', KEYS[2], 'epoch')
local seq = redis.call('HINCRBY', KEYS[2], 'seq', 1)
if seq == 1 then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[2], 'id', ARGV[10])
if ARGV[8] == '1' then redis.call('HSET', KEYS[2], 'closed', '1') end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], seq .. '-0', 'e', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[5], epoch .. ' ' .. seq .. ' ' .. (head[6] or '-') .. ' ' .. ARGV[2])
return {'told', epoch, seq}
`;

/**
 * Keeps the largest number.
 *
 * KEYS[1] where it is kept · ARGV[1] the number · ARGV[2] ms kept
 */
export const NOTE_SCRIPT = `
local noted = redis.call('GET', KEYS[1])
if noted and tonumber(noted) >= tonumber(ARGV[1]) then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`;

/**
 * Closes the stream for all but facts.
 *
 * KEYS[1], KEYS[2] as above · ARGV[1] ms kept
 */
export const SEAL_SCRIPT = `
redis.call('HSET', KEYS[2], 'sealed', '1')
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return 1
`;

/**
 * Reads on from a number, and opens the stream's epoch if it has none, so that what a reader is told stays true for
 * the events that follow.
 *
 * KEYS[1], KEYS[2] as above · ARGV[1] epoch to begin with · ARGV[2] after · ARGV[3] limit · ARGV[4] ms kept
 * Answers {epoch, head, oldest kept seq or 0, entries}.
 */
export const READ_SCRIPT = `
if redis.call('HSETNX', KEYS[2], 'epoch', ARGV[1]) == 1 then
  redis.call('DEL', KEYS[1])
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
end
local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
local seq = tonumber(head[2] or '0')
local after = tonumber(ARGV[2])
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local oldest = 0
if first[1] then oldest = tonumber(string.match(first[1][1], '^(%d+)')) end
local entries = {}
-- Beyond the head there is nothing, and a client's huge number would not be written as an id.
if after < seq then entries = redis.call('XRANGE', KEYS[1], (after + 1) .. '-0', '+', 'COUNT', ARGV[3]) end
return {head[1], seq, oldest, entries}
`;

/**
 * Begins another epoch in place of one that was lost, with an event that says so; leaves alone an epoch that has gone on.
 *
 * KEYS[1], KEYS[2] as above · ARGV[1] epoch to begin with · ARGV[2] the event · ARGV[3] ms kept · ARGV[4] channel
 * ARGV[5] the epoch that was lost, "" when nobody knows it. One that was only opened meanwhile (by a reader) is kept.
 * ARGV[6] the event's id. What is known of the stream beyond its events (facts told, sealed, closed) stays known.
 * Answers 1 when it was begun.
 */
export const RENEW_SCRIPT = `
local head = redis.call('HMGET', KEYS[2], 'epoch', 'seq')
if head[1] and head[1] ~= ARGV[5] and head[2] then return 0 end
local epoch = ARGV[1]
if head[1] and head[1] ~= ARGV[5] then epoch = head[1] end
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], 'begun')
redis.call('HSET', KEYS[2], 'epoch', epoch, 'seq', 1, 'id', ARGV[6])
redis.call('XADD', KEYS[1], '1-0', 'e', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[4], epoch .. ' 1 - ' .. ARGV[2])
return 1
`;
