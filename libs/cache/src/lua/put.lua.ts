import { holdPart, wakePart } from './parts.lua.js';

/**
 * Stores what a write returned and tells the other instances; only drops the entry when another write is under way,
 * or came in between.
 *
 * KEYS[1] value, KEYS[2] lease, KEYS[3] holds, KEYS[4] waiters
 * ARGV[1] channel, ARGV[2] message, ARGV[3] token of the own hold, or '', ARGV[4] wake message, ARGV[5] lease of the
 * write, or '' to store whatever happened, ARGV[6] text, ARGV[7] time to keep in ms
 * Answers 1 when stored, 0 when dropped
 */
export const putScript = `${wakePart}${holdPart}
local stands = ARGV[5] == '' or redis.call('GET', KEYS[2]) == ARGV[5]
if ARGV[3] ~= '' then
  redis.call('ZREM', KEYS[3], ARGV[3])
end
redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
wake(KEYS[4], ARGV[4])
if not stands or isHeld(KEYS[3]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[6], 'PX', ARGV[7])
return 1
`;
