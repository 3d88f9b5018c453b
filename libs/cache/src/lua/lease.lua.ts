import { holdPart } from './parts.lua.js';

/**
 * Takes permission to fill entries, or finds that they are there after all, or that another one is loading them.
 *
 * for each entry: KEYS value, lease, holds, waiters
 * ARGV[1] lease time in ms, ARGV[2] channel on which the asker is woken; for each entry: how a usable value begins,
 * beginning of a value that is to be replaced, or '', versions of the marks, token of a new lease
 * Answers for each entry {'text', value}, {'lease', lease}, {'held'} or {'refused'}
 *
 * Leases in the sense of Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1. A lease that was
 * granted under other versions is dead: what it would fill is. Asked again with the same token (a client may send a
 * command again when its connection broke before the answer), it gives the same lease.
 */
export const leaseScript = `${holdPart}
local function ask(value, lease, holds, waiters, prefix, seen, versions, token)
  local text = redis.call('GET', value)
  if text and string.sub(text, 1, #prefix) == prefix then
    if seen == '' or string.sub(text, 1, #seen) ~= seen then
      return {'text', text}
    end
  end
  if isHeld(holds) then
    return {'refused'}
  end
  local current = redis.call('GET', lease)
  if current == versions .. '|' .. token then
    return {'lease', current}
  end
  if current and string.sub(current, 1, #versions + 1) == versions .. '|' then
    redis.call('SADD', waiters, ARGV[2])
    redis.call('PEXPIRE', waiters, 60000)
    return {'held'}
  end
  redis.call('SET', lease, versions .. '|' .. token, 'PX', ARGV[1])
  return {'lease', versions .. '|' .. token}
end
local answers = {}
for at = 1, #KEYS, 4 do
  answers[#answers + 1] = ask(KEYS[at], KEYS[at + 1], KEYS[at + 2], KEYS[at + 3],
    ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
end
return answers
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
