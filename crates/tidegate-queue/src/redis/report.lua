-- Learns what happened to an attempt. About one that is not known, nothing.
-- ARGV 9: its number, 10: what, from 11: what belongs to it.

local s, now, newer = read()
if newer then
  return newer
end
if not s then
  return {}
end
local limits = limits_of()
local op, what = ARGV[FIRST_OWN], ARGV[FIRST_OWN + 1]
local one, two, three = ARGV[FIRST_OWN + 2], ARGV[FIRST_OWN + 3], ARGV[FIRST_OWN + 4]

local function observed()
  local seen = {}
  for d, limit, remaining, reset in string.gmatch(one, '(%d) (%d+) (%d+) (%d*);') do
    seen[tonumber(d)] = { limit = tonumber(limit), remaining = tonumber(remaining), reset = tonumber(reset) }
  end
  return seen
end

-- Whether others may have to do with it, or only the meters.
local tells = what == 'accepted'
if what == 'left' then
  line_leave(s.line, op)
else
  local lease = lease_of(op, redis.call('HGET', KEYS[2], op))
  if not lease then
    return {}
  end
  if what == 'accepted' then
    observe(s, lease, observed(), limits, now)
  else
    redis.call('HDEL', KEYS[2], op)
    if what == 'settled' then
      local input, output = tonumber(two), tonumber(three)
      settle(s, lease, { tonumber(one), input + output, input, output }, limits)
    elseif what == 'ended' then
      settle(s, lease, lease.cost, limits)
    elseif what == 'unsent' then
      refund(s, lease, limits)
    else
      tells = true
      penalise(s, lease, what, tonumber(one), limits, now)
    end
  end
end
write(s, now)
return tells and { {}, outlook(s, limits, now) } or {}
