#!lua
-- One part of a commit: its operations, and then the message.
-- Everything written is absolute, and in the last part the commit record comes behind the
-- data: a script that broke off in between has committed nothing and is simply repeated.
-- What no longer fits what Redis has is refused: an older aggregator, a Redis that forgot,
-- a command of a broken connection that arrives behind its successors, and what comes
-- after it: each part names itself (p, "q.k") and wants its predecessor to be the latest.
--
-- KEYS[1] meta, KEYS[2] channel
-- ARGV[1] epoch e   [2] lowest q Redis must have   [3] q of this commit
-- ARGV[4] number k of this part, 0 for the first   [5] 1 of a rewrite, logs included, else 0
-- ARGV[6], [7] e and q of the record that the writer claimed the site from
-- ARGV[8] version of the site's goals and alerts that the writer knows, empty: none
-- ARGV[9..#ARGV-2] the arguments of operations, one behind the other
-- ARGV[#ARGV-1] the operations: for each its letter (command.h, and below) and of how many
-- arguments it is, two bytes, the higher one first
-- ARGV[#ARGV] the message, empty but in the last part
-- Answers OK, "FENCED e" (another aggregator has written) or REGRESS (not as expected); or
-- instead of OK, when the settings are of another version, a list: "OK", the version, and
-- field and value of each goal and alert in turns.
-- Names of the script are found faster than those of all scripts; functions are made where they
-- are wanted, for to make five of them took a thirtieth of a commit.
local call, pcall, argv, unpack, byte = redis.call, redis.pcall, ARGV, unpack, string.byte
local meta, first, rewrites = KEYS[1], argv[4] == '0', argv[5] == '1'
local LONG = 4000 -- bytes of a value that is not even looked at: Redis would be busy with it

if first and rewrites and call('TYPE', meta).ok ~= 'hash' then
  call('DEL', meta) -- whatever it is, it holds no epoch
end
local m = first and call('HMGET', meta, 'e', 'q') or call('HMGET', meta, 'e', 'q', 'p')

-- Nearly always everything is as the last commit left it, and this is the next.
if not first or m[1] ~= argv[1] or m[2] ~= argv[2] or argv[2] == argv[3] then
  -- An e or q as it lies there; what is none, or above EPOCH_MAX (limits.h) and not ours, is
  -- garbage that would keep everybody out for ever, and counts as absent.
  local function number_of(text, ours)
    local v = string.find(text or '', '^%d+$') and #text < 17 and tonumber(text) or 0
    return (v <= 4e15 or v == ours) and v or 0
  end
  local mine, floor, number = tonumber(argv[1]), tonumber(argv[2]), tonumber(argv[3])
  local e, q = number_of(m[1], mine), number_of(m[2], floor)
  local fenced = e > mine
  if e > 0 and e < mine then -- Redis forgot our claim; has anybody older written since?
    local from = tonumber(argv[6])
    fenced = e > from or (e == from and q > tonumber(argv[7]))
  end
  if fenced then return string.format('FENCED %.0f', e) end
  if e == mine and q >= number then return 'REGRESS' end
  if not (first and rewrites) and (e < mine or q < floor) then return 'REGRESS' end
  if not first and m[3] ~= string.format('%s.%d', argv[3], argv[4] - 1) then return 'REGRESS' end
  if first and rewrites and e < mine then
    call('HSET', meta, 'q', '0') -- its numbers are not ours
  end
end

-- Of a value the part that could be read; empty also when the key is of another type.
local function cut(key, field, most)
  local n = pcall('HSTRLEN', key, field)
  if type(n) ~= 'number' or n == 0 then return '' end
  if n > LONG then return '?' end
  return string.sub(call('HMGET', key, field)[1], 1, most)
end

local i, n = 9, #argv
local shape = argv[n - 1]
for k = 1, #shape, 3 do
  local letter, high, low = byte(shape, k, k + 2)
  local key, last = argv[i], i + high * 256 + low - 1
  if letter == 65 then -- A key time field value...: and if all fields are new, for then the key
    -- may be, it expires at that time (s since 1970)
    local new = call('HSET', key, unpack(argv, i + 2, last))
    if new * 2 == last - i - 1 then call('EXPIREAT', key, argv[i + 1]) end
  elseif letter == 83 then -- S key field value...
    call('HSET', unpack(argv, i, last))
  elseif letter == 73 then -- I key seconds field value...: likewise, in so many seconds
    local new = call('HSET', key, unpack(argv, i + 2, last))
    if new * 2 == last - i - 1 then call('EXPIRE', key, argv[i + 1]) end
  elseif letter == 76 then -- L key time offset bytes: of a log, which expires at that time
    call('SETRANGE', key, argv[i + 2], argv[i + 3])
    call('EXPIREAT', key, argv[i + 1])
  elseif letter == 84 then -- T key n: unless the hash has so many fields the rest is refused
    if call('HLEN', key) < tonumber(argv[i + 1]) then return 'REGRESS' end
  elseif letter == 70 then -- F key field...
    call('HDEL', unpack(argv, i, last))
  elseif letter == 72 then -- H key
    call('HLEN', key)
  elseif letter == 69 then -- E key time
    call('EXPIREAT', key, argv[i + 1])
  elseif letter == 88 then -- X key seconds
    call('EXPIRE', key, argv[i + 1])
  elseif letter == 68 then -- D key...
    call('DEL', unpack(argv, i, last))
  elseif letter == 82 then -- R key key
    if call('EXISTS', key) == 0 then
      call('DEL', argv[i + 1]) -- nothing was staged: so there is nothing
    else
      call('RENAME', key, argv[i + 1])
    end
  elseif letter == 87 then -- W key name state message: so an alert stands (proto/alert.h, empty:
    -- there is none), and if it goes on or off by it the message is published. Nothing may break
    -- off in here: a key of another type is no alert
    local name, state, message = argv[i + 1], argv[i + 2], argv[i + 3]
    if type(pcall('HLEN', key)) ~= 'number' then call('DEL', key) end
    local was_on = cut(key, name, 3) == 'on '
    if state == '' then
      call('HDEL', key, name)
    else
      call('HSET', key, name, state)
    end
    if message ~= '' and was_on ~= (string.sub(state, 1, 3) == 'on ') then
      call('PUBLISH', 'hc:!alerts', message)
    end
  elseif letter == 79 then -- O key name...: how others than these stand is forgotten
    local known, ours = pcall('HLEN', key), {}
    for j = i + 1, last do ours[argv[j]] = true end
    if type(known) ~= 'number' or known > 256 then -- nobody knows more than a few hundred; so
      call('DEL', key) -- many are somebody's mistake
    else
      for _, name in ipairs(call('HKEYS', key)) do
        if not ours[name] then call('HDEL', key, name) end
      end
    end
  else
    error('an operation of another script') -- to leave it out would be to lose what it counts
  end
  i = last + 1
end
if argv[n] == '' then return 'OK' end
call('PUBLISH', KEYS[2], argv[n])

-- Everything is done: an operator's key of another type is no error here.
local settings = string.sub(meta, 1, -2) .. 'c'
local version = cut(settings, 'v', 20)
if version == argv[8] then return 'OK' end
local answer = {'OK', version}
for _, field in ipairs(version ~= '' and call('HKEYS', settings) or {}) do
  if #answer < 258 and (string.find(field, '^g:') or string.find(field, '^al:')) then
    answer[#answer + 1] = string.sub(field, 1, 100) -- no more than could be read, and a few;
    answer[#answer + 1] = cut(settings, field, 600) -- cut where none could
  end
end
return answer
