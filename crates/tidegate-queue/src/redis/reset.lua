-- Forgets everything learned of a limit and held against it. Says whether it was known.

local s, now, _, newer = read()
if newer then
  return newer
end
if not s then
  return 0
end

local function forgotten(s)
  local new = fresh()
  new.at, new.first_gone, new.sharers = s.at, s.first_gone, s.sharers
  new.next_seq, new.departed, new.in_flight = s.next_seq, s.departed, s.in_flight
  new.line, new.mark = s.line, s.departed
  return new
end

s = forgotten(s)
write(s, now)
expire(s, now)
return 1
