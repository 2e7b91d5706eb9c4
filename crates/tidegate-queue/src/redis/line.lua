-- Who waits: quota/line.rs.

local function line_find(line, op)
  for i = 1, #line do
    if line[i].op == op then
      return i
    end
  end
  return nil
end

local function line_leave(line, op)
  local i = line_find(line, op)
  if i then
    table.remove(line, i)
  end
end

local function line_lapse(line, now)
  for i = #line, 1, -1 do
    if line[i].expires <= now then
      table.remove(line, i)
    end
  end
end

-- Returns how many stand before it.
local function line_join(line, place)
  local i = line_find(line, place.op)
  if i then
    return i - 1
  end
  i = 1
  while line[i] and (line[i].priority < place.priority
      or (line[i].priority == place.priority and line[i].seq <= place.seq)) do
    i = i + 1
  end
  table.insert(line, i, place)
  return i - 1
end
