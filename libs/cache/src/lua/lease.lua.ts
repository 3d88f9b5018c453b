import { holdPart } from './parts.lua.js';

/**
 * Takes permission to fill an entry, or finds that it is there after all, or that another one is loading it.
 *
 * KEYS[1] value, KEYS[2] lease, KEYS[3] holds, KEYS[4] waiters
 * ARGV[1] how a usable value begins, ARGV[2] beginning of a value that is to be replaced, or '', ARGV[3] versions of
 * the marks, ARGV[4] token of a new lease, ARGV[5] lease time in ms, ARGV[6] channel on which the asker is woken
 * Answers {'text', value}, {'lease', lease}, {'held'} or {'refused'}
 *
 * Leases in the sense of Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1. A lease that was
 * granted under other versions is dead: what it would fill is. Asked again with the same token (a client may send a
 * command again when its connection broke before the answer), it gives the same lease.
 */
export const leaseScript = `${holdPart}
local value = redis.call('GET', KEYS[1])
if value and string.sub(value, 1, #ARGV[1]) == ARGV[1] then
  if ARGV[2] == '' or string.sub(value, 1, #ARGV[2]) ~= ARGV[2] then
    return {'text', value}
  end
end
if isHeld(KEYS[3]) then
  return {'refused'}
end
local versions = ARGV[3] .. '|'
local current = redis.call('GET', KEYS[2])
if current == versions .. ARGV[4] then
  return {'lease', current}
end
if current and string.sub(current, 1, #versions) == versions then
  redis.call('SADD', KEYS[4], ARGV[6])
  redis.call('PEXPIRE', KEYS[4], 60000)
  return {'held'}
end
local lease = versions .. ARGV[4]
redis.call('SET', KEYS[2], lease, 'PX', ARGV[5])
return {'lease', lease}
`;

/**
 * Puts off the end of a lease.
 *
 * KEYS[1] lease
 * ARGV[1] lease as it was granted, ARGV[2] lease time in ms
 * Answers 1, or 0 when it is lost
 */
export const renewScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;
