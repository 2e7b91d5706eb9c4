-- What headers tell of one dimension: quota/learned.rs.

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

local MINUTE, SECOND = 60000000, 1000000
local WINDOWS = { SECOND, 10 * SECOND, MINUTE, 60 * MINUTE, 24 * 60 * MINUTE }

local function is_coarse(reset)
  return fmod(reset, SECOND) == 0
end

local function rounding_of(reset)
  return is_coarse(reset) and SECOND or SECOND / 100
end

local function learned_bucket(units, per, used)
  local limit = { units = units, per = max(per, 1), burst = units, window = false }
  return { limit = limit, used = used, reset_at = 0, used_then = 0 }
end

-- The period of a bucket that is full again in `reset` when `used` are out: a minute where that fits within rounding.
local function period(units, used, reset)
  if math.abs(scaled(used, MINUTE, units) - reset) <= rounding_of(reset) then
    return MINUTE
  end
  return scaled(units, reset, used)
end

-- The period, as far as another observation allows.
local function corrected(before, told, reset)
  local units, used = told.limit.units, told.used
  local least = told.limit.per
  if is_coarse(reset) then
    least = scaled(units, max(reset - SECOND, 0), used)
  end
  local most = used > 1 and scaled(units, reset, used - 1) or huge
  return max(min(before.limit.per, most), least, 1)
end

-- The shortest usual window that so much may be left of, or be told to be left for want of a finer clock.
local function length_of(reset)
  local rounding = rounding_of(reset)
  for _, length in ipairs(WINDOWS) do
    if reset <= length + min(rounding, whole(length, 10)) then
      return length
    end
  end
  return reset
end

local function learned_window(before, per, reset_at)
  local limit = { units = before.limit.units, per = per, burst = before.limit.burst, window = true }
  return { limit = limit, used = before.used, reset_at = reset_at, used_then = before.used_then }
end

local function learned_after(before, told, reset)
  if before.limit.window then
    local per = before.limit.per
    local is_next = told.reset_at > before.reset_at + whole(per, 2)
    return learned_window(before, max(per, length_of(reset)), is_next and told.reset_at or before.reset_at)
  end
  local grown = max(told.used_then - before.used_then, 0)
  local moves_on = span(told.limit, grown)
  local moved = math.abs(told.reset_at - before.reset_at)
  local rounding = rounding_of(reset)
  local stands_still = moved <= max(rounding, whole(moves_on, 8))
  local limit, used = before.limit, before.used
  if grown >= 3 and stands_still and moves_on > 4 * rounding then
    return learned_window(before, length_of(reset), before.reset_at)
  end
  local from = stands_still and before or told
  local per
  if is_coarse(reset) and told.used > used then
    per = told.limit.per
  else
    per = corrected(before, told, reset)
  end
  limit = { units = limit.units, per = per, burst = limit.burst, window = limit.window }
  return { limit = limit, used = max(told.used, used), reset_at = from.reset_at, used_then = from.used_then }
end

-- `seen.reset` is `nil` where the reply did not tell it. Returns `nil` where the numbers make no sense.
local function learned_from(before, seen, sent_at)
  local used = seen.limit - seen.remaining
  if used < 0 or seen.limit == 0 then
    return nil
  end
  if before and before.limit.units ~= seen.limit then
    before = nil
  end
  local reset = seen.reset
  if not reset or used == 0 then
    return before or (not reset and learned_bucket(seen.limit, MINUTE, 0)) or nil
  end
  local told = learned_bucket(seen.limit, period(seen.limit, used, reset), used)
  told.reset_at = sent_at + reset
  told.used_then = used
  return before and learned_after(before, told, reset) or told
end
