-- What Redis keeps of one limit, and the time.
--
-- KEYS: the limit, a hash; a sorted set of all limits' names, shared by all limits. The hash has the field `state`, a field
-- for each process that uses the limit (`o` and its number) and one for each attempt under way (`l` and its number).
-- ARGV 1-4: the process's number, the limit's name, what the process is called, and numbers as doubles: the time (-1: the
-- server's), how long the process is believed alive, attempts that may be under way (-1: any number), our share, whether
-- the outlook is wanted (1), and for each configured limit its dimension, units, period, burst and whether it is a window
-- (1). From 5 on: the operation's own. Each run makes its functions anew, so what is rarely needed is made where it is.

-- The layout of what is kept. A newer one is refused.
local VERSION = 1
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

local function fresh()
  return {
    version = VERSION, at = 0, first_gone = 0, sharers = 0,
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

-- A table made with all its fields is made at once, one that grows is made several times.
local function state_of(text, version, at, first_gone, sharers, a1, a2, a3, a4, o1, o2, o3, o4, u1, u2, u3, u4, t1, t2, t3, t4,
    window, barrier, failures, cut_at, epoch, closed_for, closed_until, next_seq, departed, in_flight, mark, marked_at,
    verdict, latency, last_departure, last_refused, probe_at, from)
  local gate, probe_op, pace, learned, line = 'open', '', false, nil, nil
  if from <= #text then
    gate, probe_op, pace, learned, line = unpack(cmsgpack.unpack(string.sub(text, from)))
  end
  return {
    version = version, at = at, first_gone = first_gone, sharers = sharers,
    full_at = { a1, a2, a3, a4 }, opened = { o1, o2, o3, o4 }, used = { u1, u2, u3, u4 }, totals = { t1, t2, t3, t4 },
    window = window, barrier = barrier, failures = failures, cut_at = cut_at, epoch = epoch, closed_for = closed_for,
    closed_until = closed_until, next_seq = next_seq, departed = departed, in_flight = in_flight, mark = mark,
    marked_at = marked_at, verdict = verdict, latency = latency, last_departure = last_departure,
    last_refused = last_refused, probe_at = probe_at,
    gate = gate, probe_op = probe_op, pace = pace, learned = learned or { false, false, false, false }, line = line or {},
  }
end

local function decode(text)
  return state_of(text, struct.unpack(NUMBERS, text))
end

-- The state, the time it is read at, and the fields asked for. No state where the limit is not known; fourth: what is to
-- be answered where a newer version wrote it.
local function read(...)
  local now = told_now
  if now < 0 then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
  end
  local fields = redis.call('HMGET', limit_key, 'state', ...)
  local text = fields[1]
  if not text then
    return nil, now, fields
  end
  local is_whole, s = pcall(decode, text)
  if not is_whole or s.version ~= VERSION then
    local has_version, version = pcall(struct.unpack, '<d', text)
    if has_version and version > VERSION then
      return nil, now, fields, redis.error_reply('NEWER ' .. string.format('%.0f', version))
    end
    is_whole = false
  end
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

-- Whether it is time to say again that this process lives. `said` is what was said last.
local function is_due(said, now)
  return not said or struct.unpack('<d', said) <= now + ttl * 2 / 3
end
