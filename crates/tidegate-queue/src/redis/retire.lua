-- Says that a process is gone, and drops what it still holds.

local s, now, newer = read()
if newer then
  return newer
end
redis.call('HDEL', KEYS[3], owner)
if s then
  drop_leases(s, function(_, lease)
    return lease.owner == owner
  end)
  write(s, now)
end
return 0
