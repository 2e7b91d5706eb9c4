-- Says that a process lives, and drops those of its attempts that it does not know: nobody heard that they may leave.
-- Returns how many processes use the limit.
-- ARGV from 5: the numbers of those it knows.

local s, now, fields, newer = read('o' .. owner)
if newer then
  return newer
end
s = s or fresh()
live(s, now, fields[2])
if now >= s.first_gone then
  drop_the_gone(s, now)
end
local known = {}
for i = FIRST_OWN, #ARGV do
  known[ARGV[i]] = true
end
drop_leases(s, redis.call('HGETALL', limit_key), function(lease)
  return lease.owner == owner and not known[lease.op] and lease.sent_at < now - ttl
end)
write(s, now)
return s.sharers
