-- An attempt leaves: the departures of quota/state.rs.

local function forget(s, now)
  if s.in_flight == 0 and s.pace and now - s.last_departure > 600000000 then
    s.pace = false
    s.window = 0
  end
end

local function fits(cost, all)
  for d = 1, 4 do
    if all[d] and cost[d] > all[d].units then
      return false
    end
  end
  return true
end

-- Returns the attempt under way.
local function go(s, ask, seq, all, limits, now)
  local was = s.gate
  if was == 'closed' then
    s.gate, s.probe_op, s.probe_at = 'probing', ask.op, now
  elseif was == 'probing' then
    open_gate(s, s.probe_at)
  end
  local f = flow_of(s, all, limits, now)
  flow_take(f, ask.cost, now)
  s.full_at, s.opened, s.used, s.pace = f.full_at, f.opened, f.used, f.pace or false
  return departed(s, ask.cost, seq, now)
end
