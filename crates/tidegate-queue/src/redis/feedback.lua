-- What a limit learns from the attempts that left: the rest of quota/state/feedback.rs, and the measure of quota/pace.rs.

-- Whether headers tell of the limit that applies, and not of another one than the configured.
local function is_told(s, d, limits)
  local learned = s.learned[d]
  return learned and (not limits[d] or limits[d].units == learned.limit.units)
end

local function learn(s, d, seen, lease, limits)
  local before = s.learned[d] or nil
  local learned = learned_from(before, seen, lease.sent_at)
  if not learned then
    return
  end
  s.learned[d] = learned
  if not is_told(s, d, limits) then
    return
  end
  local limit = limit_of(s, limits, d)
  local used = max(seen.limit - seen.remaining, 0)
  local out = used + max(s.totals[d] - lease.totals[d], 0)
  if not limits[d] then
    meter_convert(s, d, before and shared(before.limit, limits.share), limit, lease.sent_at)
  end
  if not limit.window then
    s.full_at[d] = max(s.full_at[d], lease.sent_at + span(limit, out))
    return
  end
  local opened = learned.reset_at > lease.sent_at and min(max(learned.reset_at - limit.per, 0), lease.sent_at)
  if opened and opened ~= s.opened[d] then
    s.opened[d], s.used[d] = opened, out
  elseif opened or lease.sent_at >= s.opened[d] then
    s.used[d] = max(s.used[d], out)
  end
end

local function observe(s, lease, seen, limits, now)
  local took = max(now - lease.sent_at, 0)
  s.latency = s.latency == 0 and took or whole(s.latency * 7 + took, 8)
  for d = 1, 4 do
    if seen[d] then
      learn(s, d, seen[d], lease, limits)
    end
  end
  if lease.sent_at < s.cut_at then
    return
  end
  s.failures = 0
  if s.gate ~= 'open' then
    open_gate(s, now)
  end
  if not s.pace then
    s.window = window_of(s) + 1
  end
end

-- How long the barrier stands after a refusal.
local function hold(s, after)
  local first = s.pace and min(max(pace_gap(s.pace, s.pace.since) * 5, 200000), 1000000) or 1000000
  local own = min(first * 2 ^ min(s.failures, 16), 60000000)
  if not after then
    return own
  end
  return s.failures == 0 and after or max(after, own)
end

local function remember(s, lease)
  if lease.serial > s.mark then
    s.mark = lease.serial
    s.marked_at = lease.sent_at
  end
end

local function pace_measured(before, accepted, during, now)
  local measured = max(accepted, 1) * 1e6 / max(during, 1)
  local least = before and pace_at(before, now) * 0.2 or 1 / 60
  local rate = max(measured, least)
  local dip, patience = 0.93, 5000000
  if not before then
    dip = 0.7
  elseif math.abs(rate / before.rate - 1) <= 0.1 then
    patience = min(before.patience * 2, 80000000)
  end
  return { rate = rate, dip = dip, since = now, patience = patience, next = now }
end

-- The one cut of an epoch.
local function cut(s, lease, limits, now)
  local limit = limit_of(s, limits, 1)
  if limit then
    meter_empty(s, 1, limit, now)
  end
  if not is_told(s, 1, limits) then
    local accepted = max(lease.serial - (s.mark + 1), 0)
    local uncounted = max(s.closed_for - 2000000, 0)
    local during = max(lease.sent_at - (s.marked_at + uncounted), 0)
    s.pace = pace_measured(s.pace, accepted, max(during, 10000), now)
  end
  s.mark = lease.serial
  s.marked_at = lease.sent_at
  s.closed_for = 0
end

local function limited(s, lease, after, limits, now)
  s.verdict = max(now - lease.sent_at, 0)
  s.last_refused = now
  local was_probe = s.gate == 'probing' and s.probe_op == lease.op
  if lease.sent_at <= s.cut_at and not was_probe then
    remember(s, lease)
    if s.gate == 'closed' then
      s.barrier = max(s.barrier, now + (after or 0))
    end
    return
  end
  if was_probe then
    s.failures = s.failures + 1
    s.closed_for = max(now - lease.sent_at, 0)
    remember(s, lease)
  else
    cut(s, lease, limits, now)
  end
  s.cut_at = now
  s.epoch = s.epoch + 1
  s.gate = 'closed'
  s.barrier = now + hold(s, after)
end

local function penalise(s, lease, refusal, after, limits, now)
  settle(s, lease, { lease.cost[1], 0, 0, 0 }, limits)
  if refusal == 'limited' then
    limited(s, lease, after, limits, now)
  elseif refusal == 'overloaded' then
    if after then
      s.barrier = max(s.barrier, now + after)
    end
    s.window = max(floor(window_of(s) / 2), 1)
  else
    s.closed_until = max(s.closed_until, now + after)
  end
end
