-- How things stand, for whoever may have to go on alone.

-- What a process needs to go on alone: when the next may leave (-1: not known), how many may be under way (-1: any number),
-- how many processes there are, the pace per second, limits told by headers, and whether something was amiss.
local function outlook(s, limits, now)
  local f = flow_of(s, effective(s, limits), limits, now)
  local start = max(flow_start(f, { 1, 0, 0, 0 }), s.closed_until)
  local learned = {}
  for d = 1, 4 do
    local known = s.learned[d] and not limits[d] and s.learned[d].limit
    if known then
      local kind = known.window and 1 or 0
      for _, number in ipairs({ d, known.units, known.per, known.burst, kind }) do
        learned[#learned + 1] = number
      end
    end
  end
  return {
    start == huge and -1 or start - now,
    f.most == huge and -1 or f.most,
    max(s.sharers, 1),
    s.pace and string.format('%.17g', pace_at(s.pace, now)) or '',
    learned,
    note,
  }
end

local function answered(answer, s, limits, now)
  if wants_outlook == 1 or note ~= '' then
    answer[#answer + 1] = outlook(s, limits, now)
  end
  return answer
end
