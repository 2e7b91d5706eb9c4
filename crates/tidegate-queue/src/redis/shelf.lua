-- What Redis keeps of one limit, and the time.
--
-- KEYS: the state; a hash of attempts under way, by their number; a hash of the processes that use the limit, by theirs; a
-- sorted set of all limits' names, shared by all limits.
-- ARGV 1-8: the time (empty: the server's), the limit's name, the process's number, what it is called, how long it is
-- believed alive, the configured limits, attempts that may be under way, our share. From 9 on: the operation's own.

local FIRST_OWN = 9
local IDLE = 7 * 24 * 3600 * 1000
local CLOCK_SLACK = 1000000

local name, owner, label, ttl = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local note = ''

local function clock()
  if ARGV[1] ~= '' then
    return tonumber(ARGV[1])
  end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function limits_of()
  local limits = { share = tonumber(ARGV[8]), most = tonumber(ARGV[7]) or huge }
  for d, units, per, burst, kind in string.gmatch(ARGV[6], '(%d) (%d+) (%d+) (%d+) (%a);') do
    limits[tonumber(d)] = {
      units = tonumber(units), per = tonumber(per), burst = tonumber(burst), window = kind == 'w',
    }
  end
  return limits
end

-- The state and the time it is read at; no state where the limit is not known. Third: what a newer version wrote.
local function read()
  local now = clock()
  local text = redis.call('GET', KEYS[1])
  if not text then
    return nil, now
  end
  local is_whole, s = pcall(cmsgpack.unpack, text)
  if not is_whole or type(s) ~= 'table' or type(s.version) ~= 'number' then
    note = 'broken'
    redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
    return nil, now
  end
  if s.version > VERSION then
    return nil, now, redis.error_reply('NEWER ' .. string.format('%.0f', s.version))
  end
  if now >= s.at - CLOCK_SLACK then
    return s, max(now, s.at)
  end
  -- The server's clock was set back: times in the state are of another time.
  note = 'clock'
  redis.call('DEL', KEYS[2], KEYS[3])
  local new = fresh()
  new.next_seq, new.departed, new.mark = s.next_seq, s.departed, s.departed
  return new, now
end

local function write(s, now)
  s.at = now
  local idle = max(IDLE, s.closed_until > now and ceil((s.closed_until - now) / 1000) + IDLE or 0)
  redis.call('SET', KEYS[1], cmsgpack.pack(s), 'PX', string.format('%.0f', idle))
end

-- Says that this process lives, if that has not been said for a while.
local function live(now)
  local known = redis.call('HGET', KEYS[3], owner)
  if known and tonumber(string.match(known, '^%d+')) > now + ttl * 2 / 3 then
    return
  end
  redis.call('HSET', KEYS[3], owner, string.format('%.0f %s', now + ttl, label))
  redis.call('PEXPIRE', KEYS[2], IDLE)
  redis.call('PEXPIRE', KEYS[3], IDLE)
  redis.call('ZADD', KEYS[4], string.format('%.0f', now), name)
  redis.call('PEXPIRE', KEYS[4], IDLE)
end

local function lease_of(op, text)
  local lease = text and cmsgpack.unpack(text)
  if lease then
    lease.op = op
  end
  return lease or nil
end

local function hold(s, lease)
  local kept = {
    seq = lease.seq, serial = lease.serial, sent_at = lease.sent_at, cost = lease.cost, totals = lease.totals,
    owner = owner,
  }
  redis.call('HSET', KEYS[2], lease.op, cmsgpack.pack(kept))
  redis.call('PEXPIRE', KEYS[2], IDLE)
end

-- Drops what is under way and `is_lost`. It may have been served, so what it took stays taken.
local function drop_leases(s, is_lost)
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    if is_lost(all[i], cmsgpack.unpack(all[i + 1])) then
      redis.call('HDEL', KEYS[2], all[i])
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
  local living, first, gone = {}, now + ttl, false
  local all = redis.call('HGETALL', KEYS[3])
  for i = 1, #all, 2 do
    local expires = tonumber(string.match(all[i + 1], '^%d+'))
    if expires > now then
      living[all[i]] = true
      first = min(first, expires)
    else
      redis.call('HDEL', KEYS[3], all[i])
      gone = true
    end
  end
  if gone then
    drop_leases(s, function(_, lease)
      return not living[lease.owner]
    end)
  end
  s.first_gone = first
end

-- What a process needs to go on alone: when the next may leave (-1: not known), how many may be under way (-1: any number),
-- how many processes there are, the pace per second, limits told by headers, and whether something was amiss.
local function outlook(s, limits, now)
  local all = effective(s, limits)
  local f = flow_of(s, all, limits, now)
  local start = max(flow_start(f, ONE_REQUEST), s.closed_until)
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
    max(redis.call('HLEN', KEYS[3]), 1),
    s.pace and string.format('%.17g', pace_at(s.pace, now)) or '',
    learned,
    note,
  }
end
