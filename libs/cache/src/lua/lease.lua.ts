/**
 * Takes permission to fill an entry, or finds that it is there after all.
 *
 * KEYS[1] value, KEYS[2] lease
 * ARGV[1] header of the cache's current format, ARGV[2] stamp at or before which values and leases are dead,
 * ARGV[3] token of a new lease, ARGV[4] lease time in ms
 * Answers {'value', text} or {'lease', '<stamp>:<token>'}
 *
 * A lease that is held already is shared: it vouches that nothing was evicted since it was granted, which is before
 * the asking load begins. An evict deletes it, and with it every fill that was waiting.
 */
export const leaseScript = `
local value = redis.call('GET', KEYS[1])
if value then
  local header = ARGV[1]
  if string.sub(value, 1, #header) == header and string.sub(value, #header + 1, #header + 16) > ARGV[2] then
    return {'value', value}
  end
end
local held = redis.call('GET', KEYS[2])
if held and string.sub(held, 1, 16) > ARGV[2] then
  return {'lease', held}
end
local time = redis.call('TIME')
local lease = string.format('%016.0f', time[1] * 1000000 + time[2]) .. ':' .. ARGV[3]
redis.call('SET', KEYS[2], lease, 'PX', ARGV[4])
return {'lease', lease}
`;
