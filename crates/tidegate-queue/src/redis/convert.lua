-- What headers and refusals make of a meter: the rest of quota/meter.rs.

local function meter_convert(m, d, from, to, now)
  if not from then
    return
  end
  if from.window ~= to.window then
    m.full_at[d], m.opened[d], m.used[d] = 0, 0, 0
  elseif from.units ~= to.units or from.per ~= to.per or from.burst ~= to.burst then
    local out = max(m.full_at[d] - now, 0)
    local each = to.per / to.units * from.units / from.per
    local moved = ceil(out * each)
    m.full_at[d] = moved == moved and now + moved or now
  end
end

local function meter_empty(m, d, limit, now)
  if not limit.window then
    m.full_at[d] = max(m.full_at[d], now + span(limit, limit.burst))
    return
  end
  if is_over(m, d, limit, now) then
    m.opened[d] = now
  end
  m.used[d] = max(m.used[d], limit.units)
end
