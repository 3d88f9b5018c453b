/**
 * Drops an entry, voids its lease and tells the other instances, in one step.
 *
 * KEYS[1] value, KEYS[2] lease
 * ARGV[1] channel, ARGV[2] message
 * Answers how many of the two keys were there
 */
export const evictScript = `
local dropped = redis.call('UNLINK', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return dropped
`;
