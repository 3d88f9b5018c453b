import { wakePart } from './parts.lua.js';

/**
 * Stores what loaders returned, only while their leases are still there, and wakes those who wait for it. An absent
 * lease means: evicted since.
 *
 * for each entry: KEYS value, lease, waiters; ARGV lease as it was granted, text, time to keep in ms, wake message
 * Answers for each entry 1 when stored, 0 when refused
 */
export const fillScript = `${wakePart}
local answers = {}
for at = 0, #KEYS / 3 - 1 do
  local value, lease, waiters = KEYS[at * 3 + 1], KEYS[at * 3 + 2], KEYS[at * 3 + 3]
  if redis.call('GET', lease) == ARGV[at * 4 + 1] then
    redis.call('SET', value, ARGV[at * 4 + 2], 'PX', ARGV[at * 4 + 3])
    redis.call('DEL', lease)
    wake(waiters, ARGV[at * 4 + 4])
    answers[at + 1] = 1
  else
    answers[at + 1] = 0
  end
end
return answers
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
