-- Lets one of those who ask leave, or says when to ask again.
-- ARGV from 5: for each who asks, its number and numbers as doubles: requests, tokens read, tokens written, priority, number
-- in the order of arrival and the time within which a start is of use, both -1 for none.

local let_go = {}
for i = FIRST_OWN, #ARGV, 2 do
  let_go[#let_go + 1] = 'l' .. ARGV[i]
end
local s, now, fields, newer = read('o' .. owner, unpack(let_go))
if newer then
  return newer
end

local function cost_of(numbers)
  local requests, input, output, priority, seq, within = struct.unpack('<dddddd', numbers)
  return { requests, input + output, input, output }, priority, seq, within
end

-- Whether there was anything to be looked up besides the state.
local function is_plain()
  for i = 1, #let_go do
    if fields[i + 2] then
      return false
    end
  end
  return s and now < s.first_gone and wants_outlook == 0 and note == '' and not is_due(fields[2], now)
end

-- Most often nobody waits and nothing is held against the limit: then whoever asks leaves at once, if there is room. What
-- this does, the rest of the script does too, and more slowly.
if is_plain() and s.gate == 'open' and not s.pace and #s.line == 0 and s.closed_until <= now and s.barrier <= now then
  local limits, known, has_room = limits_of(), false, true
  local cost, _, seq = cost_of(ARGV[FIRST_OWN + 1])
  local all = {}
  for d = 1, 4 do
    local limit = limit_of(s, limits, d)
    all[d] = limit
    if limit then
      known = true
      has_room = has_room and cost[d] <= limit.units and meter_start(s, d, limit, cost[d], now) <= now
    end
  end
  local most = known and limits.most or min(limits.most, s.window == 0 and 4 or s.window)
  if has_room and s.in_flight < most then
    if seq < 0 then
      seq = s.next_seq + 1
    end
    s.next_seq = max(s.next_seq, seq)
    for d = 1, 4 do
      if all[d] then
        meter_take(s, d, all[d], cost[d], now)
      end
    end
    write(s, now, let_go[1], kept(departed(s, cost, seq, now)))
    return { 'go', 0, seq }
  end
end
