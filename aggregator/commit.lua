#!lua
-- One part of a commit: the operations, and with the last part the record and the message.
-- Everything written is absolute; the record comes after the data, so a script that broke
-- off in between has committed nothing and is simply repeated. A rewrite first claims the
-- site for its epoch: so an older writer is fenced before the last part, and a Redis that
-- forgets between two parts is found out by the next.
--
-- KEYS[1] meta, KEYS[2] channel
-- ARGV[1] epoch e   [2] lowest q Redis must have   [3] q of this commit
-- ARGV[4] 1: a whole rewrite begins, 0: it goes on, or only what changed is written
-- ARGV[5] 1: last part, 0: more follow
-- ARGV[6] wall ms   [7] window   [8] capped 0|1   [9] seconds the record lives
-- ARGV[10..] operations, each: argument count, then the command and its arguments
-- ARGV[#ARGV] the message, empty but in the last part
-- Answers OK, FENCED (a later aggregator owns the site) or REGRESS (Redis is behind).
local meta, channel = KEYS[1], KEYS[2]
local m = redis.call('HMGET', meta, 'e', 'q')
local e, q = tonumber(m[1] or '0'), tonumber(m[2] or '0')
local mine = tonumber(ARGV[1])
if e > mine then return 'FENCED' end
if ARGV[4] == '0' and (e < mine or q < tonumber(ARGV[2])) then return 'REGRESS' end
if ARGV[4] == '1' then
  redis.call('HSET', meta, 'e', ARGV[1], 'v', '1', 'W', ARGV[7])
  redis.call('EXPIRE', meta, ARGV[9])
end
local i, n = 10, #ARGV
while i < n do
  local argc = tonumber(ARGV[i])
  redis.call(unpack(ARGV, i + 1, i + argc))
  i = i + argc + 1
end
if ARGV[5] == '1' then
  redis.call('HSET', meta, 'e', ARGV[1], 'q', ARGV[3], 't', ARGV[6], 'v', '1', 'W', ARGV[7], 'c', ARGV[8])
  redis.call('EXPIRE', meta, ARGV[9])
  redis.call('PUBLISH', channel, ARGV[n])
end
return 'OK'
