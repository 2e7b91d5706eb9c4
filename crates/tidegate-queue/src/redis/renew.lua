-- Says that a process lives, and drops those of its attempts that it does not know: nobody heard that they may leave.
-- Returns how many processes use the limit.
-- ARGV from 9: the numbers of those it knows.

local s, now, newer = read()
if newer then
  return newer
end
live(now)
if not s then
  return 1
end
local known = {}
for i = FIRST_OWN, #ARGV do
  known[ARGV[i]] = true
end
drop_the_gone(s, now)
drop_leases(s, function(op, lease)
  return lease.owner == owner and not known[op] and lease.sent_at < now - ttl
end)
write(s, now)
return redis.call('HLEN', KEYS[3])
