-- How far one dimension is used up, and when it has room: quota/meter.rs. Meters are kept as three lists by dimension:
-- `full_at`, `opened`, `used`.

local function is_over(m, d, limit, at)
  return at >= m.opened[d] + limit.per
end

local function meter_start(m, d, limit, units, now)
  if not limit.window then
    local missing = span(limit, max(limit.burst - units, 0))
    return max(now, m.full_at[d] - missing)
  end
  now = max(now, m.opened[d])
  local used = is_over(m, d, limit, now) and 0 or m.used[d]
  if used + min(units, limit.units) <= limit.units then
    return now
  end
  return m.opened[d] + limit.per + whole(limit.per, 1000)
end

-- What leaves a full bucket counts as used a little later: the provider's begins to refill when it has arrived.
local function meter_take(m, d, limit, units, at)
  if not limit.window then
    local journey = min(whole(span(limit, max(limit.burst - 1, 0)), 10), LONGEST_JOURNEY)
    m.full_at[d] = max(m.full_at[d], at + journey) + span(limit, units)
    return
  end
  if is_over(m, d, limit, at) then
    m.opened[d] = at
    m.used[d] = 0
  end
  m.used[d] = m.used[d] + units
end

-- Counts an attempt that leaves. Returns it.
local function departed(s, cost, seq, now)
  if s.marked_at == 0 then
    s.marked_at = now
  end
  s.departed = s.departed + 1
  s.in_flight = s.in_flight + 1
  s.last_departure = now
  local totals = s.totals
  for d = 1, 4 do
    totals[d] = totals[d] + cost[d]
  end
  return seq, s.departed, now, cost[1], cost[3], cost[4], totals[1], totals[2], totals[3], totals[4]
end

-- As it is kept.
local function kept(...)
  return struct.pack(LEASE, ...) .. owner
end
