/**
 * Stores what a write returned and tells the other instances; drops the entry instead when another write or evict
 * came in between.
 *
 * KEYS[1] value, KEYS[2] lease
 * ARGV[1] lease of the write, or '' to store whatever happened, ARGV[2] header, ARGV[3] rest of the text after the
 * stamp, ARGV[4] time to keep in ms, ARGV[5] channel, ARGV[6] message
 * Answers 1 when stored, 0 when dropped
 */
export const putScript = `
local stamp
local stored = 1
if ARGV[1] == '' then
  local time = redis.call('TIME')
  stamp = string.format('%016.0f', time[1] * 1000000 + time[2])
elseif redis.call('GET', KEYS[2]) == ARGV[1] then
  stamp = string.sub(ARGV[1], 1, 16)
else
  stored = 0
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[5], ARGV[6])
if stored == 1 then
  redis.call('SET', KEYS[1], ARGV[2] .. stamp .. ARGV[3], 'PX', ARGV[4])
end
return stored
`;
