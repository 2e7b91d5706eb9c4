-- Learns what happened to an attempt. About one that is not known, nothing.
-- ARGV 5: its number, 6: what, 7: what belongs to it, as doubles. Settled: requests, tokens read, tokens written. Refused: the
-- time asked for, -1 for none. Accepted: for each dimension told of its number, limit, remaining and reset, -1 for none.

local op, what, told = ARGV[FIRST_OWN], ARGV[FIRST_OWN + 1], ARGV[FIRST_OWN + 2]
local s, now, fields, newer = read('l' .. op)
if newer then
  return newer
end
local lease = lease_of(op, fields[2])
if not s or not (lease or what == 'left') then
  return {}
end
local limits = limits_of()
if what ~= 'left' and what ~= 'accepted' then
  redis.call('HDEL', limit_key, 'l' .. op)
end

local is_done = true
if what == 'left' then
  for i, place in ipairs(s.line) do
    if place.op == op then
      table.remove(s.line, i)
      break
    end
  end
elseif what == 'settled' then
  local requests, input, output = struct.unpack('<ddd', told)
  settle(s, lease, { requests, input + output, input, output }, limits)
elseif what == 'ended' then
  settle(s, lease, lease.cost, limits)
elseif what == 'unsent' then
  refund(s, lease, limits)
else
  is_done = false
end
if is_done then
  write(s, now)
  return {}
end
