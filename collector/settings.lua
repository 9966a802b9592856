#!lua flags=no-writes
-- settings: of what an operator has set for a site what requests need, however much
-- that is.
--
-- KEYS[1] hc:{S}:c
-- Answers field and value of each in turn: "read", if it is there, and what may be
-- tokens, 128 at most. A key of another type is an error. What is longer than any of these
-- is not even looked at: Redis would be busy with it.
local out, left = {}, 128
if redis.call('HSTRLEN', KEYS[1], 'read') > 20 then
  out = {'read', '?'}
else
  local read = redis.call('HMGET', KEYS[1], 'read')[1]
  if read then out = {'read', read} end
end
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if left == 0 then break end
  if string.find(field, '^t:') and redis.call('HSTRLEN', KEYS[1], field) < 80 then
    out[#out + 1] = string.sub(field, 1, 100)
    out[#out + 1] = redis.call('HMGET', KEYS[1], field)[1]
    left = left - 1
  end
end
return out
