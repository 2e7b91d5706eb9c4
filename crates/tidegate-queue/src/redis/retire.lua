-- Says that a process is gone, and drops what it still holds.

local s, now, fields, newer = read('o' .. owner)
if newer then
  return newer
end
if s and fields[2] then
  redis.call('HDEL', limit_key, 'o' .. owner)
  s.sharers = max(s.sharers - 1, 0)
  drop_leases(s, redis.call('HGETALL', limit_key), function(lease)
    return lease.owner == owner
  end)
  write(s, now)
end
return 0
