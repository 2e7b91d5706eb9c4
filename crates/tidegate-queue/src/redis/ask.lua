-- The rest of a question: for each case.

local limits = limits_of()
s = s or fresh()
live(s, now, fields[2])
for i = 1, #let_go do
  if fields[i + 2] then
    write(s, now)
    return answered({ 'go', i - 1, lease_of('', fields[i + 2]).seq }, s, limits, now)
  end
end
if now >= s.first_gone then
  drop_the_gone(s, now)
end
local asks = {}
for i = FIRST_OWN, #ARGV, 2 do
  local cost, priority, seq, within = cost_of(ARGV[i + 1])
  asks[#asks + 1] = {
    op = ARGV[i],
    cost = cost,
    priority = priority,
    seq = seq >= 0 and seq or nil,
    deadline = within >= 0 and now + within or nil,
  }
end
local head = asks[1]

-- Answers, and keeps what has changed.
local function replied(answer, op, ...)
  if op then
    write(s, now, 'l' .. op, kept(...))
  else
    write(s, now)
  end
  return answered(answer, s, limits, now)
end

if s.closed_until > now then
  for i, place in ipairs(s.line) do
    if place.op == head.op then
      table.remove(s.line, i)
      break
    end
  end
  return replied({ 'closed', s.closed_until - now })
end
forget(s, now)
local all = effective(s, limits)
local f = flow_of(s, all, limits, now)
