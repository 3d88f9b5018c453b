/**
 * Takes permission to put an entry, away from everybody who holds one.
 *
 * KEYS[1] lease
 * ARGV[1] token, ARGV[2] lease time in ms
 * Answers '<stamp>:<token>'
 */
export const reserveScript = `
local time = redis.call('TIME')
local lease = string.format('%016.0f', time[1] * 1000000 + time[2]) .. ':' .. ARGV[1]
redis.call('SET', KEYS[1], lease, 'PX', ARGV[2])
return lease
`;
