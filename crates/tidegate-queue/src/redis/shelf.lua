-- What Redis keeps of one limit, and the time.
--
-- KEYS: the limit, a hash; a sorted set of all limits' names, shared by all limits. The hash has the field `state`, a field
-- for each process that uses the limit (`o` and its number) and one for each attempt under way (`l` and its number).
-- ARGV 1-4: the process's number, the limit's name, what the process is called, and numbers as doubles: the time (-1: the
-- server's), how long the process is believed alive, attempts that may be under way (-1: any number), our share, whether
-- the outlook is wanted (1), and for each configured limit its dimension, units, period, burst and whether it is a window
-- (1). From 5 on: the operation's own. Each run makes its functions anew, so what is rarely needed is made where it is.

local FIRST_OWN = 5
local IDLE = 7 * 24 * 3600 * 1000
local CLOCK_SLACK = 1000000
local NUMBERS = '<ddddddddddddddddddddddddddddddddddddd'
local LEASE = '<dddddddddd'

local limit_key, owner = KEYS[1], ARGV[1]
local told_now, ttl, most, share, wants_outlook, from_limits = struct.unpack('<ddddd', ARGV[4])
local note = ''

local function limits_of()
  local limits = { share = share, most = most < 0 and huge or most }
  local from, text = from_limits, ARGV[4]
  while from <= #text do
    local d, units, per, burst, window
    d, units, per, burst, window, from = struct.unpack('<ddddd', text, from)
    limits[d] = { units = units, per = per, burst = burst, window = window == 1 }
  end
  return limits
end

-- Numbers at fixed places, the layout's first, and behind them what most limits do not have.
local function encode(s)
  local a, o, u, t = s.full_at, s.opened, s.used, s.totals
  local text = struct.pack(NUMBERS, VERSION,
    s.at, s.first_gone, s.sharers, a[1], a[2], a[3], a[4], o[1], o[2], o[3], o[4], u[1], u[2], u[3], u[4],
    t[1], t[2], t[3], t[4], s.window, s.barrier, s.failures, s.cut_at, s.epoch, s.closed_for, s.closed_until,
    s.next_seq, s.departed, s.in_flight, s.mark, s.marked_at, s.verdict, s.latency, s.last_departure, s.last_refused,
    s.probe_at)
  local l = s.learned
  if s.gate == 'open' and not s.pace and #s.line == 0 and not (l[1] or l[2] or l[3] or l[4]) then
    return text
  end
  return text .. cmsgpack.pack({ s.gate, s.probe_op, s.pace, l, s.line })
end

local function decode(text)
  local s, a, o, u, t = {}, {}, {}, {}, {}
  local _, from
  _, s.at, s.first_gone, s.sharers, a[1], a[2], a[3], a[4], o[1], o[2], o[3], o[4], u[1], u[2], u[3], u[4],
    t[1], t[2], t[3], t[4], s.window, s.barrier, s.failures, s.cut_at, s.epoch, s.closed_for, s.closed_until,
    s.next_seq, s.departed, s.in_flight, s.mark, s.marked_at, s.verdict, s.latency, s.last_departure, s.last_refused,
    s.probe_at, from = struct.unpack(NUMBERS, text)
  s.full_at, s.opened, s.used, s.totals = a, o, u, t
  if from > #text then
    s.gate, s.probe_op, s.pace, s.learned, s.line = 'open', '', false, { false, false, false, false }, {}
  else
    s.gate, s.probe_op, s.pace, s.learned, s.line = unpack(cmsgpack.unpack(string.sub(text, from)))
  end
  return s
end

-- The state, the time it is read at, and the fields asked for. No state where the limit is not known; fourth: what is to
-- be answered where a newer version wrote it.
local function read(...)
  local now = told_now
  if now < 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
  end
  local fields = redis.call('HMGET', limit_key, 'state', 'o' .. owner, ...)
  local text = fields[1]
  if not text then
    return nil, now, fields
  end
  local is_whole, version = pcall(struct.unpack, '<d', text)
  if is_whole and version > VERSION then
    return nil, now, fields, redis.error_reply('NEWER ' .. string.format('%.0f', version))
  end
  local s
  is_whole, s = pcall(decode, text)
  if is_whole and now >= s.at then
    return s, now, fields
  elseif is_whole and now >= s.at - CLOCK_SLACK then
    return s, s.at, fields
  end
  -- Broken; or the server's clock was set back, and the state's times are of another time.
  note = is_whole and 'clock' or 'broken'
  redis.call('DEL', limit_key)
  local new = fresh()
  if is_whole then
    new.next_seq, new.departed, new.mark = s.next_seq, s.departed, s.departed
  end
  return new, now, {}
end

-- Writes the state, and further fields.
local function write(s, now, ...)
  s.at = now
  redis.call('HSET', limit_key, 'state', encode(s), ...)
end

local function expire(s, now)
  local closed = s.closed_until > now and ceil((s.closed_until - now) / 1000) or 0
  redis.call('PEXPIRE', limit_key, string.format('%.0f', IDLE + closed))
end

-- Says that this process lives, if that has not been said for a while. `said` is what was said last. The state is written
-- afterwards.
local function live(s, now, said)
  if said and tonumber(string.match(said, '^%d+')) > now + ttl * 2 / 3 then
    return
  elseif not said then
    s.sharers = s.sharers + 1
  end
  redis.call('HSET', limit_key, 'o' .. owner, string.format('%.0f %s', now + ttl, ARGV[3]))
  expire(s, now)
  redis.call('ZADD', KEYS[2], string.format('%.0f', now), ARGV[2])
  redis.call('PEXPIRE', KEYS[2], IDLE)
end

local function lease_of(op, text)
  if not text then
    return nil
  end
  local l = { op = op, totals = {} }
  local requests, input, output, from
  l.seq, l.serial, l.sent_at, requests, input, output, l.totals[1], l.totals[2], l.totals[3], l.totals[4], from =
    struct.unpack(LEASE, text)
  l.cost = { requests, input + output, input, output }
  l.owner = string.sub(text, from)
  return l
end

-- A lease as it is kept.
local function kept(l)
  local c, t = l.cost, l.totals
  return struct.pack(LEASE, l.seq, l.serial, l.sent_at, c[1], c[3], c[4], t[1], t[2], t[3], t[4]) .. owner
end

-- Drops what is under way and `is_lost`. It may have been served, so what it took stays taken.
local function drop_leases(s, all, is_lost)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'l' and is_lost(lease_of(string.sub(all[i], 2), all[i + 1])) then
      redis.call('HDEL', limit_key, all[i])
      s.in_flight = max(s.in_flight - 1, 0)
    end
  end
end

-- Looks for processes that are gone when the first can be: each lives until it expires, and expires later each time it
-- is heard of.
local function drop_the_gone(s, now)
  if now < s.first_gone then
    return
  end
  local living, first, sharers, gone = {}, now + ttl, 0, false
  local all = redis.call('HGETALL', limit_key)
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == 'o' then
      local expires = tonumber(string.match(all[i + 1], '^%d+'))
      if expires > now then
        living[string.sub(all[i], 2)] = true
        first = min(first, expires)
        sharers = sharers + 1
      else
        redis.call('HDEL', limit_key, all[i])
        gone = true
      end
    end
  end
  if gone then
    drop_leases(s, all, function(lease)
      return not living[lease.owner]
    end)
  end
  s.first_gone, s.sharers = first, sharers
end

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
    return { answer, outlook(s, limits, now) }
  end
  return { answer }
end
