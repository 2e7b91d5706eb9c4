-- Who leaves where some wait, and when they may ask again: the questions of quota/state.rs.

local MOST_PASSED, GRACE = 32, 2000000

-- Lets those before leave in the flow who leave sooner or were gone by too often. Returns those it goes by.
local function walk(s, f, place, cost)
  local passed = {}
  for i = 1, min(place, #s.line) do
    local other = s.line[i]
    local theirs = flow_start(f, other.cost)
    if theirs <= flow_start(f, cost) + LONGEST_JOURNEY or other.passed >= MOST_PASSED then
      flow_take(f, other.cost, theirs)
    else
      passed[#passed + 1] = i
    end
  end
  return passed
end

local function seq_of(s, ask)
  local seq = ask.seq
  if not seq then
    local i = line_find(s.line, ask.op)
    seq = i and s.line[i].seq
  end
  seq = seq or s.next_seq + 1
  s.next_seq = max(s.next_seq, seq)
  return seq
end

local function why_of(s, f, at)
  if at == huge then
    return 'room'
  elseif s.gate == 'closed' and f.probe then
    return 'barrier'
  elseif s.gate ~= 'open' then
    return 'probe'
  end
  return f.barrier > f.now and 'barrier' or 'pace'
end

local function look(s, place)
  local each = whole(s.latency, max(s.in_flight, 1))
  return min(max(each, 20000) * (place + 1), 500000)
end

-- A limit that headers may not have shown yet is told nobody: see quota/state.rs.
local function gap_of(s, f, limits)
  local learned = not limits[1] and s.learned[1] and s.learned[1].limit
  local is_plain = not learned or learned.window or learned.per <= 60000000 or learned.per == 86400000000
  local requests = is_plain and f.limits[1] and span(f.limits[1], 1) or -1
  local paced = s.pace and pace_gap(s.pace, f.now) or -1
  return max(requests, paced)
end

-- Those who are gone by, and whoever leaves.
local function overtake(passed, op)
  for _, i in ipairs(passed) do
    s.line[i].passed = s.line[i].passed + 1
  end
  line_leave(s.line, op)
end

-- Returns the answer, and who leaves with which lease.
local function state_ask()
  line_lapse(s.line, now)
  if not fits(head.cost, all) then
    line_leave(s.line, head.op)
    return { 'refused', -1 }
  end
  local seq = seq_of(s, head)
  local place = line_join(s.line, {
    op = head.op, priority = head.priority, seq = seq, cost = head.cost, passed = 0, expires = now + GRACE,
  })
  local passed = walk(s, f, place, head.cost)
  local at = flow_start(f, head.cost)
  if at <= now then
    overtake(passed, head.op)
    return { 'go', 0, seq }, head.op, go(s, head, seq, all, limits, now)
  end
  if head.deadline and at ~= huge and at > head.deadline then
    line_leave(s.line, head.op)
    return { 'refused', at - now }
  end
  local by_size = at ~= huge and flow_start(f, { head.cost[1], 0, 0, 0 }) < at
  if by_size then
    local behind = #s.line
    for i = 2, #asks do
      local ask = asks[i]
      local f = flow_of(s, all, limits, now)
      passed = walk(s, f, behind, ask.cost)
      local start = flow_start(f, ask.cost)
      if start <= now and fits(ask.cost, all) then
        local seq = seq_of(s, ask)
        overtake(passed, ask.op)
        return { 'go', i - 1, seq }, ask.op, go(s, ask, seq, all, limits, now)
      end
      at = min(at, start)
    end
  end
  local why = why_of(s, f, at)
  if at == huge then
    at = now + look(s, place)
  end
  if s.line[place + 1] then
    s.line[place + 1].expires = at + GRACE
  end
  return { 'wait', at - now, seq, why, place, by_size and 1 or 0, gap_of(s, f, limits) }
end

return replied(state_ask())
