-- Lets one of those who ask leave, or says when to ask again.
-- ARGV from 9: for each who asks, its number, requests, tokens read, tokens written, priority, number in the order of
-- arrival and the time within which a start is of use, both empty for none.

local s, now, newer = read()
if newer then
  return newer
end
local limits = limits_of()
local ops = {}
for i = FIRST_OWN, #ARGV, 7 do
  ops[#ops + 1] = ARGV[i]
end
live(now)
if s then
  for i, text in ipairs(redis.call('HMGET', KEYS[2], unpack(ops))) do
    if text then
      return { { 'go', i - 1, cmsgpack.unpack(text).seq }, outlook(s, limits, now) }
    end
  end
end
s = s or fresh()
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
  hold(s, lease)
end
write(s, now)
return { answer, outlook(s, limits, now) }
