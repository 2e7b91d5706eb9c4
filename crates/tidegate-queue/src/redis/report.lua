-- Learns what happened to an attempt. About one that is not known, nothing.
-- ARGV 10: its number, 11: what, from 12: what belongs to it.

local op, what = ARGV[FIRST_OWN], ARGV[FIRST_OWN + 1]
local one, two, three = ARGV[FIRST_OWN + 2], ARGV[FIRST_OWN + 3], ARGV[FIRST_OWN + 4]
local s, now, fields, newer = read('l' .. op)
if newer then
  return newer
end
local lease = lease_of(op, fields[3])
if not s or not (lease or what == 'left') then
  return {}
end
local limits = limits_of()
if what ~= 'left' and what ~= 'accepted' then
  redis.call('HDEL', limit_key, 'l' .. op)
end

local is_done = true
if what == 'left' then
  line_leave(s.line, op)
elseif what == 'settled' then
  local input, output = tonumber(two), tonumber(three)
  settle(s, lease, { tonumber(one), input + output, input, output }, limits)
elseif what == 'ended' then
  settle(s, lease, lease.cost, limits)
elseif what == 'unsent' then
  refund(s, lease, limits)
else
  is_done = false
end
if is_done then
  write(s, now)
  return answered({}, s, limits, now)
end
