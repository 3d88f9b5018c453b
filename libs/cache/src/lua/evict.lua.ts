import { holdPart, wakePart } from './parts.lua.js';

/**
 * Drops an entry, voids its lease, ends a hold, and tells the other instances, in one step.
 *
 * KEYS[1] value, KEYS[2] lease, KEYS[3] holds, KEYS[4] waiters
 * ARGV[1] channel, ARGV[2] message, ARGV[3] token of the hold, or '', ARGV[4] wake message
 * Answers how many of value and lease were there
 */
export const evictScript = `${wakePart}
local dropped = redis.call('UNLINK', KEYS[1], KEYS[2])
if ARGV[3] ~= '' then
  redis.call('ZREM', KEYS[3], ARGV[3])
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
wake(KEYS[4], ARGV[4])
return dropped
`;

/**
 * Before a write: drops the entry, voids its lease, tells the other instances, and refuses leases until the token is
 * removed or its time is over. Again with the same token: puts off that time.
 *
 * KEYS[1] value, KEYS[2] lease, KEYS[3] holds, KEYS[4] waiters
 * ARGV[1] channel, ARGV[2] message, ARGV[3] token, ARGV[4] wake message, ARGV[5] hold time in ms, ARGV[6] lease with
 * which the holder may put, or '', ARGV[7] '1' when the hold was taken before: a lease that was voided since stays void
 * Answers 1
 */
export const holdScript = `${wakePart}${holdPart}
local keepsLease = ARGV[6] ~= '' and (ARGV[7] == '0' or redis.call('GET', KEYS[2]) == ARGV[6])
redis.call('UNLINK', KEYS[1], KEYS[2])
takeHold(KEYS[3], ARGV[3], ARGV[5])
if keepsLease then
  redis.call('SET', KEYS[2], ARGV[6], 'PX', ARGV[5])
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
wake(KEYS[4], ARGV[4])
return 1
`;
