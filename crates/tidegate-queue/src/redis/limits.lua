-- What is metered, and how far it is used up: quota/limits.rs and quota/meter.rs. Times are whole microseconds, which a double
-- holds exactly up to 2^53; `math.huge` is a start that only somebody else's end can bring.

local floor, ceil, fmod, huge = math.floor, math.ceil, math.fmod, math.huge
local max, min = math.max, math.min

-- Whole division, exact where a quotient's fraction is smaller than what a double tells apart.
local function whole(a, b)
  return (a - fmod(a, b)) / b
end

-- a * b / c, whole, where the product has no room in a double. a and c below 2^44.
local function scaled(a, b, c)
  local quotient, rest, scale = 0, 0, 2 ^ 48
  while scale >= 1 do
    local digit = whole(b, scale)
    b = b - digit * scale
    rest = rest * 256 + digit * a
    local more = whole(rest, c)
    quotient = quotient * 256 + more
    rest = rest - more * c
    scale = scale / 256
  end
  return quotient
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

local function meter_correct(m, d, limit, reserved, actual, sent_at)
  if limit.window then
    if sent_at >= m.opened[d] then
      m.used[d] = max(m.used[d] + actual - reserved, 0)
    end
  elseif actual > reserved then
    m.full_at[d] = max(m.full_at[d], sent_at) + span(limit, actual - reserved)
  else
    m.full_at[d] = max(m.full_at[d] - span(limit, reserved - actual), 0)
  end
end

local function meter_convert(m, d, from, to, now)
  if not from then
    return
  end
  if from.window ~= to.window then
    m.full_at[d], m.opened[d], m.used[d] = 0, 0, 0
  elseif from.units ~= to.units or from.per ~= to.per or from.burst ~= to.burst then
    local out = max(m.full_at[d] - now, 0)
    local each = to.per / to.units * from.units / from.per
    m.full_at[d] = now + ceil(out * each)
  end
end

local function meter_empty(m, d, limit, now)
  if not limit.window then
    m.full_at[d] = max(m.full_at[d], now + span(limit, limit.burst))
    return
  end
  if is_over(m, d, limit, now) then
    m.opened[d] = now
  end
  m.used[d] = max(m.used[d], limit.units)
end
