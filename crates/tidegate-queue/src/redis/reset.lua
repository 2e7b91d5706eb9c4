-- Forgets everything learned of a limit and held against it. Says whether it was known.

local s, now, newer = read()
if newer then
  return newer
end
if not s then
  return 0
end
write(forgotten(s), now)
return 1
