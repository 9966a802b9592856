#!lua
-- Counts a visitor among those of a site's day, once.
--
-- KEYS[1] hc:{S}:d:YYYYMMDD
-- ARGV[1] visitor   [2] how many the day may have   [3] seconds it is kept from now on
-- Answers how many there are now, and 1 for a new one, 0 for a known, -1 for one left out.
local n = redis.call('SCARD', KEYS[1])
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return {n, 0} end
if n >= tonumber(ARGV[2]) then return {n, -1} end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {n + 1, 1}
