#!lua
-- One part of a commit: its operations, and then the message.
-- Everything written is absolute, and in the last part the commit record comes behind the
-- data: a script that broke off in between has committed nothing and is simply repeated.
-- What no longer fits what Redis has is refused: an older aggregator, a Redis that forgot,
-- a command of a broken connection that arrives behind its successors.
--
-- KEYS[1] meta, KEYS[2] channel
-- ARGV[1] epoch e   [2] lowest q Redis must have   [3] q of this commit
-- ARGV[4] first part: 0, 1 of a rewrite; further parts: 2, 3 of a rewrite
-- ARGV[5], [6] e and q of the record that the writer claimed the site from
-- ARGV[7..] operations, each: argument count, then the command and its arguments
-- ARGV[#ARGV] the message, empty but in the last part
-- Answers OK, FENCED (another aggregator has written) or REGRESS (not as expected).
local meta, mine, number, mode = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[3]), ARGV[4]
if mode == '1' and redis.call('TYPE', meta).ok ~= 'hash' then
  redis.call('DEL', meta) -- whatever it is, it holds no epoch
end
local m = redis.call('HMGET', meta, 'e', 'q', 'p')
local e, q = tonumber(m[1] or '') or 0, tonumber(m[2] or '') or 0
if e > mine then return 'FENCED' end
if e > 0 and e < mine then -- Redis forgot our claim; has anybody older written since?
  local from = tonumber(ARGV[5])
  if e > from or (e == from and q > tonumber(ARGV[6])) then return 'FENCED' end
end
if e == mine and q >= number then return 'REGRESS' end
if mode ~= '1' and (e < mine or q < tonumber(ARGV[2])) then return 'REGRESS' end
if (mode == '2' or mode == '3') and m[3] ~= ARGV[3] then return 'REGRESS' end
if mode == '1' and e < mine then
  redis.call('HSET', meta, 'q', '0') -- its numbers are not ours
end
local i, n = 7, #ARGV
while i < n do
  local argc = tonumber(ARGV[i])
  if ARGV[i + 1] == 'RENAME' and redis.call('EXISTS', ARGV[i + 2]) == 0 then
    redis.call('DEL', ARGV[i + 3]) -- nothing was staged: so there is nothing
  else
    redis.call(unpack(ARGV, i + 1, i + argc))
  end
  i = i + argc + 1
end
if ARGV[n] ~= '' then redis.call('PUBLISH', KEYS[2], ARGV[n]) end
return 'OK'
