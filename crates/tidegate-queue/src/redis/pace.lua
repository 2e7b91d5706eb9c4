-- A rate found from refusals: quota/pace.rs. The same operations on the same doubles in the same order, so the same results.

local SLOWEST = 1 / 60

local function pace_at(pace, at)
  local passed = max(at - pace.since, 0)
  local x = min((passed - pace.patience) / pace.patience, 6)
  return pace.rate * (1 + (1 - pace.dip) * x * x * x)
end

local function pace_gap(pace, at)
  local gap = 1e6 / pace_at(pace, at)
  local below = floor(gap)
  return gap - below >= 0.5 and below + 1 or below
end

local function pace_take(pace, at)
  local from = min(max(pace.next, at - 20000), at)
  pace.next = from + pace_gap(pace, at)
end

local function pace_measured(before, accepted, during, now)
  local measured = max(accepted, 1) * 1e6 / max(during, 1)
  local least = before and pace_at(before, now) * 0.2 or SLOWEST
  local rate = max(measured, least)
  local dip, patience = 0.93, 5000000
  if not before then
    dip = 0.7
  elseif math.abs(rate / before.rate - 1) <= 0.1 then
    patience = min(before.patience * 2, 80000000)
  end
  return { rate = rate, dip = dip, since = now, patience = patience, next = now }
end
