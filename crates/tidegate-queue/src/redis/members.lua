-- The processes that use a limit.

local function expire(s, now)
  local closed = s.closed_until > now and ceil((s.closed_until - now) / 1000) or 0
  redis.call('PEXPIRE', limit_key, string.format('%.0f', IDLE + closed))
end

-- Says that this process lives, if that has not been said for a while. The state is written afterwards.
local function live(s, now, said)
  if not is_due(said, now) then
    return
  elseif not said then
    s.sharers = s.sharers + 1
  end
  redis.call('HSET', limit_key, 'o' .. owner, struct.pack('<d', now + ttl) .. ARGV[3])
  expire(s, now)
  redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[2])
  redis.call('PEXPIRE', KEYS[2], IDLE)
end

-- Drops what is under way and `is_lost`. It may have been served, so what it took stays taken.
local function drop_leases(s, all, is_lost)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'l' and is_lost(lease_of(string.sub(all[i], 2), all[i + 1])) then
      redis.call('HDEL', limit_key, all[i])
      s.in_flight = max(s.in_flight - 1, 0)
    end
  end
end

-- Looks for processes that are gone. None can be before `first_gone`: each lives until it expires, and expires later each
-- time it is heard of.
local function drop_the_gone(s, now)
  local living, first, sharers, gone = {}, now + ttl, 0, false
  local all = redis.call('HGETALL', limit_key)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'o' then
      local expires = struct.unpack('<d', all[i + 1])
      if expires > now then
        living[string.sub(all[i], 2)] = true
        first = min(first, expires)
        sharers = sharers + 1
      else
        redis.call('HDEL', limit_key, all[i])
        gone = true
      end
    end
  end
  if gone then
    drop_leases(s, all, function(lease)
      return not living[lease.owner]
    end)
  end
  s.first_gone, s.sharers = first, sharers
end
