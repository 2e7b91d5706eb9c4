-- The rest of a report: the attempt was let in, or refused.

if what == 'accepted' then
  local seen, from = {}, 1
  while from <= #told do
    local d, limit, remaining, reset
    d, limit, remaining, reset, from = struct.unpack('<dddd', told, from)
    seen[d] = { limit = limit, remaining = remaining, reset = reset >= 0 and reset or nil }
  end
  observe(s, lease, seen, limits, now)
else
  local after = struct.unpack('<d', told)
  penalise(s, lease, what, after >= 0 and after or nil, limits, now)
end
write(s, now)
if what == 'exhausted' then
  expire(s, now)
end
return { outlook(s, limits, now) }
