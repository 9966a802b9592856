#!lua flags=no-writes
-- register_sites: which sites an operator has added, however much lies there.
--
-- KEYS[1] hc:sites
-- ARGV[1] how many are wanted at most
-- Answers how many were left out, being no site ids or too many, and the others' names. A
-- key of another type is an error.
local all, names = redis.call('SMEMBERS', KEYS[1]), {}
for _, name in ipairs(all) do
  if #name <= 64 and string.find(name, '^[A-Za-z0-9._-]+$') and name ~= '.' and name ~= '..' then
    names[#names + 1] = name
  end
end
local max = tonumber(ARGV[1])
if #names > max then table.sort(names) end -- the same ones each time
local out = {#all - math.min(#names, max)}
for i = 1, math.min(#names, max) do out[i + 1] = names[i] end
return out
