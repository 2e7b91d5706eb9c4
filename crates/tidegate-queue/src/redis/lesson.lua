-- The rest of a report: the attempt was let in, or refused.

if what == 'accepted' then
  local seen = {}
  for d, limit, remaining, reset in string.gmatch(one, '(%d) (%d+) (%d+) (%d*);') do
    seen[tonumber(d)] = { limit = tonumber(limit), remaining = tonumber(remaining), reset = tonumber(reset) }
  end
  observe(s, lease, seen, limits, now)
else
  penalise(s, lease, what, tonumber(one), limits, now)
end
write(s, now)
if what == 'exhausted' then
  expire(s, now)
end
return { {}, outlook(s, limits, now) }
