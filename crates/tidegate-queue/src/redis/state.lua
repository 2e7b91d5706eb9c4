-- The state of one limit: quota/state.rs, with its flow and its line.

-- The layout of what is kept. A newer one is refused.
local VERSION = 1
local MOST_PASSED, GRACE = 32, 2000000
local ONE_REQUEST = { 1, 0, 0, 0 }

local function fresh()
  return {
    version = VERSION,
    at = 0, first_gone = 0,
    full_at = { 0, 0, 0, 0 }, opened = { 0, 0, 0, 0 }, used = { 0, 0, 0, 0 },
    learned = { false, false, false, false },
    pace = false,
    window = 0,
    gate = 'open', probe_op = '', probe_at = 0,
    barrier = 0, failures = 0, cut_at = 0, epoch = 0, closed_for = 0, closed_until = 0,
    next_seq = 0, departed = 0, totals = { 0, 0, 0, 0 }, in_flight = 0,
    mark = 0, marked_at = 0, verdict = 0, latency = 0, last_departure = 0, last_refused = 0,
    line = {},
  }
end

-- Forgets what was held against the limit and what was learned of it.
local function forgotten(s)
  local new = fresh()
  new.at, new.first_gone = s.at, s.first_gone
  new.next_seq, new.departed, new.in_flight = s.next_seq, s.departed, s.in_flight
  new.line, new.mark = s.line, s.departed
  return new
end

local function limit_of(s, limits, d)
  local limit = limits[d] or (s.learned[d] and s.learned[d].limit)
  return limit and shared(limit, limits.share)
end

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

local function line_find(line, op)
  for i = 1, #line do
    if line[i].op == op then
      return i
    end
  end
  return nil
end

local function line_leave(line, op)
  local i = line_find(line, op)
  if i then
    table.remove(line, i)
  end
end

local function line_lapse(line, now)
  for i = #line, 1, -1 do
    if line[i].expires <= now then
      table.remove(line, i)
    end
  end
end

-- Returns how many stand before it.
local function line_join(line, place)
  local i = line_find(line, place.op)
  if i then
    return i - 1
  end
  i = 1
  while line[i] and (line[i].priority < place.priority
      or (line[i].priority == place.priority and line[i].seq <= place.seq)) do
    i = i + 1
  end
  table.insert(line, i, place)
  return i - 1
end

local function fits(cost, all)
  for d = 1, 4 do
    if all[d] and cost[d] > all[d].units then
      return false
    end
  end
  return true
end

-- Lets those before leave in the flow who leave sooner or were gone by too often. Returns those it goes by.
local function walk(s, f, place, cost)
  local passed = {}
  for i = 1, min(place, #s.line) do
    local other = s.line[i]
    local theirs = flow_start(f, other.cost)
    if theirs <= flow_start(f, cost) or other.passed >= MOST_PASSED then
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
  if not seq then
    s.next_seq = s.next_seq + 1
    seq = s.next_seq
  end
  return seq
end

local function open_gate(s, now)
  s.gate = 'open'
  s.closed_for = s.closed_for + max(now - s.cut_at, 0)
  if s.pace then
    s.pace.since = now
  end
end

local function go(s, ask, seq, all, limits, now, passed)
  for _, i in ipairs(passed) do
    s.line[i].passed = s.line[i].passed + 1
  end
  line_leave(s.line, ask.op)
  if s.gate == 'closed' then
    s.gate, s.probe_op, s.probe_at = 'probing', ask.op, now
  elseif s.gate == 'probing' then
    open_gate(s, s.probe_at)
  end
  local f = flow_of(s, all, limits, now)
  flow_take(f, ask.cost, now)
  s.full_at, s.opened, s.used, s.pace = f.full_at, f.opened, f.used, f.pace or false
  if s.departed == 0 or s.marked_at == 0 then
    s.marked_at = now
  end
  s.departed = s.departed + 1
  s.in_flight = s.in_flight + 1
  s.last_departure = now
  for d = 1, 4 do
    s.totals[d] = s.totals[d] + ask.cost[d]
  end
  return { op = ask.op, seq = seq, serial = s.departed, sent_at = now, cost = ask.cost, totals = copied(s.totals) }
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
  return min(max(each, 20000), 500000) * (place + 1)
end

local function gap_of(s, f)
  local requests = f.limits[1] and span(f.limits[1], 1) or -1
  local paced = s.pace and pace_gap(s.pace, f.now) or -1
  return max(requests, paced)
end

local function forget(s, now)
  if s.in_flight == 0 and s.pace and now - s.last_departure > 600000000 then
    s.pace = false
    s.window = 0
  end
end

-- Returns the answer as it goes over the wire, and the lease of whoever leaves.
local function state_ask(s, asks, limits, now)
  local head = asks[1]
  if s.closed_until > now then
    line_leave(s.line, head.op)
    return { 'closed', s.closed_until - now }
  end
  forget(s, now)
  line_lapse(s.line, now)
  local all = effective(s, limits)
  local f = flow_of(s, all, limits, now)
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
  local by_size = at ~= huge and at > now and flow_start(f, { head.cost[1], 0, 0, 0 }) < at
  if at <= now then
    return { 'go', 0, seq }, go(s, head, seq, all, limits, now, passed)
  end
  if by_size then
    local behind = #s.line
    for i = 2, #asks do
      local ask = asks[i]
      local f = flow_of(s, all, limits, now)
      passed = walk(s, f, behind, ask.cost)
      local start = flow_start(f, ask.cost)
      if start <= now and fits(ask.cost, all) then
        local seq = seq_of(s, ask)
        return { 'go', i - 1, seq }, go(s, ask, seq, all, limits, now, passed)
      end
      at = min(at, start)
    end
  end
  if head.deadline and at ~= huge and at > head.deadline then
    line_leave(s.line, head.op)
    return { 'refused', at - now }
  end
  local why = why_of(s, f, at)
  if at == huge then
    at = now + look(s, place)
  end
  if s.line[place + 1] then
    s.line[place + 1].expires = at + GRACE
  end
  return { 'wait', at - now, seq, why, place, by_size and 1 or 0, gap_of(s, f) }
end
