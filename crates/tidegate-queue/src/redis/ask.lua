-- Lets one of those who ask leave, or says when to ask again.
-- ARGV from 10: for each who asks, its number, requests, tokens read, tokens written, priority, number in the order of
-- arrival and the time within which a start is of use, both empty for none.

local let_go = {}
for i = FIRST_OWN, #ARGV, 7 do
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
for i = FIRST_OWN, #ARGV, 7 do
  local input, output = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local within = tonumber(ARGV[i + 6])
  asks[#asks + 1] = {
    op = ARGV[i],
    cost = { tonumber(ARGV[i + 1]), input + output, input, output },
    priority = tonumber(ARGV[i + 4]),
    seq = tonumber(ARGV[i + 5]),
    deadline = within and now + within,
  }
end
local answer, lease = state_ask(s, asks, limits, now)
if lease then
  write(s, now, 'l' .. lease.op, kept(lease))
else
  write(s, now)
end
return answered(answer, s, limits, now)
