-- Tells a limit's state as the JSON that the Rust side reads, when it was read, and who holds what.

local s, now, _, newer = read()
if newer then
  return newer
end
if not s then
  redis.call('ZREM', KEYS[2], ARGV[2])
  return {}
end

local function number(value)
  return string.format('%.0f', value)
end

local function object(names, values)
  local parts = {}
  for i, name in ipairs(names) do
    parts[i] = '"' .. name .. '":' .. (type(values[i]) == 'number' and number(values[i]) or values[i])
  end
  return '{' .. table.concat(parts, ',') .. '}'
end

local function list(count, each)
  local parts = {}
  for i = 1, count do
    parts[i] = each(i)
  end
  return '[' .. table.concat(parts, ',') .. ']'
end

local function limit(l)
  local metering = l.window and '"window"' or '"bucket"'
  return object({ 'units', 'per', 'burst', 'metering' }, { l.units, l.per, l.burst, metering })
end

local function learned(d)
  local l = s.learned[d]
  if not l then
    return 'null'
  end
  return object({ 'limit', 'used', 'reset_at', 'used_then' }, { limit(l.limit), l.used, l.reset_at, l.used_then })
end

local function exact(value)
  return '"' .. string.format('%.17g', value) .. '"'
end

local function pace(p)
  if not p then
    return 'null'
  end
  local names = { 'rate', 'dip', 'since', 'patience', 'next' }
  return object(names, { exact(p.rate), exact(p.dip), p.since, p.patience, p.next })
end

-- Without the process that numbered it.
local function number_of(op)
  return string.match(op, '%d+$')
end

local function gate()
  if s.gate ~= 'probing' then
    return object({ 'gate' }, { '"' .. s.gate .. '"' })
  end
  return object({ 'gate', 'op', 'sent_at' }, { '"probing"', number_of(s.probe_op), s.probe_at })
end

local function place(i)
  local p = s.line[i]
  local cost = object({ 'requests', 'input_tokens', 'output_tokens' }, { p.cost[1], p.cost[3], p.cost[4] })
  local priority = p.priority == 0 and '"interactive"' or '"batch"'
  local names = { 'op', 'priority', 'seq', 'cost', 'passed', 'expires' }
  return object(names, { number_of(p.op), priority, p.seq, cost, p.passed, p.expires })
end

local names, values = {}, {}
local function add(name, value)
  names[#names + 1] = name
  values[#values + 1] = value
end
add('meters', list(4, function(d)
  return object({ 'full_at', 'opened', 'used' }, { s.full_at[d], s.opened[d], s.used[d] })
end))
add('learned', list(4, learned))
add('pace', pace(s.pace))
add('gate', gate())
add('totals', list(4, function(d)
  return number(s.totals[d])
end))
add('line', list(#s.line, place))
for _, plain in ipairs({
  'window', 'barrier', 'failures', 'cut_at', 'epoch', 'closed_for', 'closed_until', 'next_seq', 'departed', 'in_flight',
  'mark', 'marked_at', 'verdict', 'latency', 'last_departure', 'last_refused',
}) do
  add(plain, s[plain])
end

local attempts, called, expires = {}, {}, {}
local all = redis.call('HGETALL', limit_key)
for i = 1, #all, 2 do
  local kind, number = string.sub(all[i], 1, 1), string.sub(all[i], 2)
  if kind == 'l' then
    local holder = lease_of(number, all[i + 1]).owner
    attempts[holder] = (attempts[holder] or 0) + 1
  elseif kind == 'o' then
    expires[number] = struct.unpack('<d', all[i + 1])
    called[number] = string.sub(all[i + 1], 9)
  end
end
local holders = {}
for holder, count in pairs(attempts) do
  if called[holder] then
    holders[#holders + 1] = { called[holder], count, max(expires[holder] - now, 0) }
  end
end
return { now, object(names, values), holders }
