-- Lets one of those who ask leave, or says when to ask again.
-- ARGV from 5: for each who asks, its number and numbers as doubles: requests, tokens read, tokens written, priority, number
-- in the order of arrival and the time within which a start is of use, both -1 for none.

local let_go = {}
for i = FIRST_OWN, #ARGV, 2 do
  let_go[#let_go + 1] = 'l' .. ARGV[i]
end
local s, now, fields, newer = read(unpack(let_go))
if newer then
  return newer
end
local limits = limits_of()
s = s or fresh()
live(s, now, fields[2])
for i = 1, #let_go do
  if fields[i + 2] then
    write(s, now)
    return answered({ 'go', i - 1, lease_of('', fields[i + 2]).seq }, s, limits, now)
  end
end
drop_the_gone(s, now)
local asks = {}
for i = FIRST_OWN, #ARGV, 2 do
  local requests, input, output, priority, seq, within = struct.unpack('<dddddd', ARGV[i + 1])
  asks[#asks + 1] = {
    op = ARGV[i],
    cost = { requests, input + output, input, output },
    priority = priority,
    seq = seq >= 0 and seq or nil,
    deadline = within >= 0 and now + within or nil,
  }
end
local answer, lease = state_ask(s, asks, limits, now)
if lease then
  write(s, now, 'l' .. lease.op, kept(lease))
else
  write(s, now)
end
return answered(answer, s, limits, now)
