-- A rate found from refusals: quota/pace.rs. The same operations on the same doubles in the same order, so the same results.

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
