import { holdPart } from './parts.lua.js';

/** A mark's version; with '!' at its end while somebody holds the mark. */
const markPart = `${holdPart}
local function move(version, ms)
  if isHeld(KEYS[2]) then version = version .. '!' end
  if ms == '0' then
    redis.call('SET', KEYS[1], version)
  else
    redis.call('SET', KEYS[1], version, 'PX', ms)
  end
  return version
end
`;

/**
 * Gives a mark a new version, which drops every entry that was loaded under the old one: all of a cache, or all with a
 * tag. Ends or takes a hold, and tells the other instances.
 *
 * KEYS[1] mark, KEYS[2] its holds
 * ARGV[1] new version, ARGV[2] time to keep the mark in ms, or '0' for ever, ARGV[3] channel, ARGV[4] message,
 * ARGV[5] token of a hold that ends, or '', ARGV[6] token of a hold that begins or goes on, or '', ARGV[7] its time in ms
 * Answers the version
 */
export const markScript = `${markPart}
if ARGV[5] ~= '' then
  redis.call('ZREM', KEYS[2], ARGV[5])
end
if ARGV[6] ~= '' then
  takeHold(KEYS[2], ARGV[6], ARGV[7])
end
local version = move(ARGV[1], ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return version
`;

/**
 * The version of a mark; a new one when it is absent, or when those who held it are gone.
 *
 * KEYS[1] mark, KEYS[2] its holds
 * ARGV[1] new version, ARGV[2] time to keep the mark in ms, or '0' for ever
 * Answers the version
 */
export const settleScript = `${markPart}
local current = redis.call('GET', KEYS[1])
if current and (string.sub(current, -1) ~= '!' or isHeld(KEYS[2])) then
  return current
end
return move(ARGV[1], ARGV[2])
`;
