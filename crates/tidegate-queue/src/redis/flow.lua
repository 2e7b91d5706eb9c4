-- The state of one limit, and when the next ones could leave: quota/state.rs and quota/flow.rs.

local function effective(s, limits)
  local all = {}
  for d = 1, 4 do
    all[d] = limit_of(s, limits, d)
  end
  return all
end

local function window_of(s)
  return s.window == 0 and 4 or s.window
end

local function copied(list)
  return { list[1], list[2], list[3], list[4] }
end

-- When the next ones could leave: a copy of the numbers that a walk along the line may advance.
local function flow_of(s, all, limits, now)
  local known = s.pace or all[1] or all[2] or all[3] or all[4]
  local most = min(known and huge or window_of(s), limits.most)
  local verdict = min(max(s.verdict * 3, 100000), 2000000)
  local barrier, probe = s.barrier, nil
  if s.gate == 'closed' then
    probe = verdict
  elseif s.gate == 'probing' then
    barrier = s.probe_at + verdict
  end
  local pace = s.pace
  if pace then
    pace = { rate = pace.rate, dip = pace.dip, since = pace.since, patience = pace.patience, next = pace.next }
  end
  return {
    now = now, limits = all, pace = pace,
    full_at = copied(s.full_at), opened = copied(s.opened), used = copied(s.used),
    most = most, free = max(most - s.in_flight, 0), barrier = barrier, probe = probe,
  }
end

local function flow_start(f, cost)
  if f.free == 0 then
    return huge
  end
  local from = max(f.now, f.barrier, f.pace and f.pace.next or 0)
  local start = from
  for d = 1, 4 do
    local limit = f.limits[d]
    if limit then
      start = max(start, meter_start(f, d, limit, cost[d], from))
    end
  end
  return start
end

local function flow_take(f, cost, at)
  if at == huge then
    return
  end
  f.free = f.free - 1
  for d = 1, 4 do
    local limit = f.limits[d]
    if limit then
      meter_take(f, d, limit, cost[d], at)
    end
  end
  if f.pace then
    pace_take(f.pace, at)
  end
  if f.probe then
    f.barrier = at + f.probe
    f.probe = nil
  end
end

local function open_gate(s, now)
  s.gate = 'open'
  s.closed_for = s.closed_for + max(now - s.cut_at, 0)
  if s.pace then
    s.pace.since = now
  end
end
