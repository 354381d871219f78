/** In a cluster a message goes to one node: that of the key. A server that is too old for it writes the entry all the same. */
export type PublishCommand = 'PUBLISH' | 'SPUBLISH';

/** Words of a login among the arguments of the script, and of the edge in front of them. */
const [EDGE_WORDS, LOGIN_WORDS] = [5, 7];

/**
 * session:{user} => hash stamp node run region device protocol since, one for each key. Written if no later login is there, or if the one there is the one
 * that `overStamp` names, whose edge is dead. Answers for each [1], or [0, stamp, node, run] of the login that is later. Whom it replaces at another edge
 * hears of it, and who watches the user.
 *
 * ARGV node, run, region, ttlMs, channel of take-overs without the node; then for each key stamp, overStamp, device, protocol, sinceMs, user, channel of
 * those who watch it
 */
export const enterScript = (publish: PublishCommand) => `
local node, run, region, ttl, taken = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local answers = {}
for i, key in ipairs(KEYS) do
  local stamp, over, device, protocol, since, user, watched = unpack(ARGV, ${EDGE_WORDS + 1} + (i - 1) * ${LOGIN_WORDS}, ${EDGE_WORDS} + i * ${LOGIN_WORDS})
  local was = redis.call('HMGET', key, 'stamp', 'node', 'run')
  if was[1] and tonumber(was[1]) > tonumber(stamp) and was[1] ~= over then
    answers[i] = {0, was[1], was[2], was[3]}
  else
    redis.call('HSET', key, 'stamp', stamp, 'node', node, 'run', run, 'region', region, 'device', device, 'protocol', protocol, 'since', since)
    redis.call('PEXPIRE', key, ttl)
    if was[2] and was[2] ~= node then redis.call('PUBLISH', taken .. was[2], stamp .. ' ' .. user) end
    if was[1] ~= stamp or was[3] ~= run then redis.pcall('${publish}', watched, '') end
    answers[i] = {1}
  end
end
return answers
`;

/** Takes out that login of that edge and no other. ARGV stamp, node, channel of those who watch the user */
export const leaveScript = (publish: PublishCommand) => `
local was = redis.call('HMGET', KEYS[1], 'stamp', 'node')
if was[1] ~= ARGV[1] or was[2] ~= ARGV[2] then return 0 end
redis.pcall('${publish}', ARGV[3], '')
return redis.call('DEL', KEYS[1])
`;
