import { wakePart } from './parts.lua.js';

/**
 * Stores what a loader returned, only while its lease is still there, and wakes those who wait for it. An absent lease
 * means: evicted since.
 *
 * KEYS[1] value, KEYS[2] lease, KEYS[3] waiters
 * ARGV[1] lease as it was granted, ARGV[2] text, ARGV[3] time to keep in ms, ARGV[4] wake message
 * Answers 1 when stored, 0 when refused
 */
export const fillScript = `${wakePart}
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
wake(KEYS[3], ARGV[4])
return 1
`;

/**
 * Gives a lease back without a fill.
 *
 * KEYS[1] lease, KEYS[2] waiters
 * ARGV[1] lease as it was granted, ARGV[2] wake message
 * Answers 1, or 0 when it was lost before
 */
export const abandonScript = `${wakePart}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
wake(KEYS[2], ARGV[2])
return 1
`;
