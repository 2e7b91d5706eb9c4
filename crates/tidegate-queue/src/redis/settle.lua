-- How attempts end of which nothing is learned: quota/state/feedback.rs.

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
