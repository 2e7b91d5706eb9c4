-- What is metered: quota/limits.rs. Times are whole microseconds, which a double holds exactly up to 2^53; `math.huge` is a
-- start that only somebody else's end can bring.

local floor, ceil, fmod, huge = math.floor, math.ceil, math.fmod, math.huge
local max, min = math.max, math.min
local LONGEST_JOURNEY = 100000

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

-- The limit that applies: the configured one, else the learned one; of either, our share.
local function limit_of(s, limits, d)
  local limit = limits[d] or (s.learned[d] and s.learned[d].limit)
  return limit and shared(limit, limits.share)
end
