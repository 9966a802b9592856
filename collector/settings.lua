#!lua flags=no-writes
-- settings: of what an operator has set for a site what requests need, however much
-- that is.
--
-- KEYS[1] hc:{S}:c
-- Answers field and value of each in turn: "read", if it is there, and what may be
-- tokens, 128 at most. A key of another type is an error.
local read = redis.call('HMGET', KEYS[1], 'read')[1]
local out = read and {'read', string.sub(read, 1, 20)} or {}
local all, left = redis.call('HGETALL', KEYS[1]), 128
for i = 1, #all, 2 do
  if left > 0 and #all[i + 1] < 80 and string.find(all[i], '^t:') then
    out[#out + 1] = string.sub(all[i], 1, 100)
    out[#out + 1] = all[i + 1]
    left = left - 1
  end
end
return out
