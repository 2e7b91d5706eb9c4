-- How attempts end of which nothing is learned: quota/state/feedback.rs, and the corrections of quota/meter.rs.

local function meter_correct(m, d, limit, reserved, actual, sent_at)
  if limit.window then
    if sent_at >= m.opened[d] then
      m.used[d] = max(m.used[d] + actual - reserved, 0)
    end
  elseif actual > reserved then
    m.full_at[d] = max(m.full_at[d], sent_at) + span(limit, actual - reserved)
  else
    m.full_at[d] = max(m.full_at[d] - span(limit, reserved - actual), 0)
  end
end

local function settle(s, lease, actual, limits)
  s.in_flight = max(s.in_flight - 1, 0)
  for d = 1, 4 do
    local limit = limit_of(s, limits, d)
    if limit then
      meter_correct(s, d, limit, lease.cost[d], actual[d], lease.sent_at)
    end
  end
end

local function refund(s, lease, limits)
  settle(s, lease, { 0, 0, 0, 0 }, limits)
  if s.gate == 'probing' and s.probe_op == lease.op then
    s.gate = 'closed'
  end
end
