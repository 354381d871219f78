import { RATE_SLOT_MS, RATE_SLOTS } from '../../contract/limits.ts';

/**
 * rate:{limit}:{key} => hash of counts by slot of the server’s clock. Adds to them and answers all of the last minute, both as age in slots and
 * count, in turn. ARGV age, count, …
 */
export const COUNT = `
local time = redis.call('TIME')
local now = math.floor((time[1] * 1000 + time[2] / 1000) / ${RATE_SLOT_MS})
for i = 1, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], now - ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ${RATE_SLOTS * RATE_SLOT_MS})
local all = redis.call('HGETALL', KEYS[1])
local counts = {}
for i = 1, #all, 2 do
  local age = now - all[i]
  if age >= ${RATE_SLOTS} then redis.call('HDEL', KEYS[1], all[i]) else
    counts[#counts + 1] = age
    counts[#counts + 1] = tonumber(all[i + 1])
  end
end
return counts
`;
