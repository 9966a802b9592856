#!lua flags=no-writes
-- register_settings: of what is set of some sites what decides whether hits count.
--
-- KEYS    hc:{S}:c of each
-- ARGV[1] how many origins of each are wanted at most, and [2] of how many bytes
-- Answers a text for each key: empty when nothing of use is set; else lines, the first of
-- them the setting `privacy`, empty without it, the others an origin each, and one more
-- than wanted where there are too many. So it is with a key of another type. No value
-- is read but that of `privacy`, and a long one is not either: Redis would be busy with it.
local max, bytes, out = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i, key in ipairs(KEYS) do
  local lines = {''}
  for _, field in ipairs(redis.pcall('HKEYS', key)) do
    if field == 'privacy' then
      local long = redis.call('HSTRLEN', key, field) > 20
      lines[1] = long and '?' or string.gsub(redis.call('HMGET', key, field)[1], '%c', '?')
    elseif #lines <= max + 1 and #field <= bytes + 2 and string.find(field, '^o:%C*$') then
      lines[#lines + 1] = string.sub(field, 3)
    end
  end
  out[i] = table.concat(lines, '\n')
end
return out
