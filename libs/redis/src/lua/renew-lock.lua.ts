/**
 * Puts off the end of a lock's lease.
 *
 * KEYS[1] the lock · ARGV[1] owner's token · ARGV[2] lease in ms
 * Answers 1, or 0 when the lock is no longer the owner's.
 */
export const RENEW_LOCK_SCRIPT = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;
