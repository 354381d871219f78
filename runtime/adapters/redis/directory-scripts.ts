/** In a cluster a message goes to one node: that of the key. A server that is too old for it writes the entry all the same. */
export type PublishCommand = 'PUBLISH' | 'SPUBLISH';

/**
 * session:{user} => hash stamp node run region device protocol since. Written if no later login is there, or if the one there is the one that
 * ARGV[2] names, whose edge is dead. Answers 1, or 0 and whose login is later. Whom it replaces at another edge hears of it, and who watches the user.
 *
 * ARGV stamp, overStamp, node, run, region, device, protocol, sinceMs, ttlMs, channel of take-overs without the node, user, channel of those who watch it
 */
export const enterScript = (publish: PublishCommand) => `
local was = redis.call('HMGET', KEYS[1], 'stamp', 'node', 'run')
if was[1] and tonumber(was[1]) > tonumber(ARGV[1]) and was[1] ~= ARGV[2] then return {0, was[1], was[2], was[3]} end
redis.call('HSET', KEYS[1], 'stamp', ARGV[1], 'node', ARGV[3], 'run', ARGV[4], 'region', ARGV[5], 'device', ARGV[6], 'protocol', ARGV[7], 'since', ARGV[8])
redis.call('PEXPIRE', KEYS[1], ARGV[9])
if was[2] and was[2] ~= ARGV[3] then redis.call('PUBLISH', ARGV[10] .. was[2], ARGV[1] .. ' ' .. ARGV[11]) end
if was[1] ~= ARGV[1] or was[3] ~= ARGV[4] then redis.pcall('${publish}', ARGV[12], '') end
return {1}
`;

/** Takes out that login of that edge and no other. ARGV stamp, node, channel of those who watch the user */
export const leaveScript = (publish: PublishCommand) => `
local was = redis.call('HMGET', KEYS[1], 'stamp', 'node')
if was[1] ~= ARGV[1] or was[2] ~= ARGV[2] then return 0 end
redis.pcall('${publish}', ARGV[3], '')
return redis.call('DEL', KEYS[1])
`;
