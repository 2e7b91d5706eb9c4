-- What is metered, and how far it is used up: quota/limits.rs and quota/meter.rs. Times are whole microseconds, which a double
-- holds exactly up to 2^53; `math.huge` is a start that only somebody else's end can bring.

local floor, ceil, fmod, huge = math.floor, math.ceil, math.fmod, math.huge
local max, min = math.max, math.min

-- Whole division, exact where a quotient's fraction is smaller than what a double tells apart.
local function whole(a, b)
  return (a - fmod(a, b)) / b
end

-- The time in which `units` grow back, rounded up.
local function span(limit, units)
  return ceil(units * limit.per / limit.units)
end

-- The part of a limit that `share` thousandths leave to us.
local function shared(limit, share)
  if share >= 1000 then
    return limit
  end
  local function part(units)
    return max(whole(units * share, 1000), 1)
  end
  if limit.window then
    return { units = part(limit.units), per = limit.per, burst = part(limit.burst), window = true }
  end
  local per = whole(limit.per * 1000, max(share, 1))
  return { units = limit.units, per = per, burst = part(limit.burst), window = false }
end

-- Meters are kept as three lists by dimension: `full_at`, `opened`, `used`.

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

local function meter_take(m, d, limit, units, at)
  if not limit.window then
    m.full_at[d] = max(m.full_at[d], at) + span(limit, units)
    return
  end
  if is_over(m, d, limit, at) then
    m.opened[d] = at
    m.used[d] = 0
  end
  m.used[d] = m.used[d] + units
end
