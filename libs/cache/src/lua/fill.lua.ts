/**
 * Stores what a loader returned, only while its lease is still there. An absent lease means: evicted since.
 *
 * KEYS[1] value, KEYS[2] lease
 * ARGV[1] lease as it was granted, ARGV[2] text, ARGV[3] time to keep in ms
 * Answers 1 when stored, 0 when refused
 */
export const fillScript = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return 1
`;
