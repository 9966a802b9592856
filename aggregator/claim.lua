#!lua
-- Claims a site for an aggregator that is about to read it back, and answers what it is but
-- for the visitors of large ones.
--
-- KEYS[1] meta
-- ARGV[1] epoch   [2] hc:{S}:b:   [3] hc:{S}:l: , to which minutes are appended
-- ARGV[4] hc:{S}:r   [5] hc:{S}:pg   [6] the running minute   [7] window
-- ARGV[8] minutes ahead to look for   [9] bytes of logs that may come along
-- ARGV[10] seconds a new record lives   [11] hc:{S}:t   [12] hc:{S}:o   [13] hc:{S}:ti
-- ARGV[14] hc:{S}:tr: , to which minutes are appended
-- Answers "FENCED e" (a later aggregator owns the site), or one flat list of strings:
--   "M" n field value ...    the meta hash as it was     "P" n id path ...
--   "R" n json ...           "T" n field value ...    the totals
--   "O" n field value ...    how many were online
--   "G" n field value ...    the settings' goals and alerts, and their version as "v", if
--                            they have one
--   "A" n name state ...     how alerts stood when they were told last
--   "N" n path title ...     titles; per minute that has a row, newest first,
--   "B" minute n field value ...   and if the logs of all together are not too long
--   "L" records              behind each row that has any; and at the end
--   "E" keys that are of another type, or traits of no row or with other fields, which
--       are left out
local COUNTS = {'pv', 'ev', 'uniq', 'last', 'n', 'eng', 'qh'}
local ONLINE = {'w', 'r', 'i', 'b', 'tabs', 'm', 'fw', 'fr', 'fi', 'fb'}
local LONG = 4000 -- bytes of a value that is not even looked at: Redis would be busy with it
local out, unreadable = {}, 0

local function put(text)
  out[#out + 1] = tostring(text)
end

local function put_all(tag, flat, per)
  put(tag)
  put(#flat / per)
  for i = 1, #flat do put(flat[i]) end
end

local function read(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then
    unreadable = unreadable + 1
    return {}
  end
  return reply
end

-- Those of the fields that are there, flat.
local function read_fields(key, fields)
  local values, flat = read('HMGET', key, unpack(fields)), {}
  for i = 1, #fields do
    if values[i] then
      flat[#flat + 1] = fields[i]
      flat[#flat + 1] = values[i]
    end
  end
  return flat
end

-- Adds the traits of a row's views (proto/trait.h). Returns whether there are any, and
-- nothing else beside them.
local function add_traits(row, key)
  local traits = redis.pcall('HGETALL', key)
  local sound = #traits > 0
  for i = 1, #traits, 2 do
    if string.find(traits[i], '^[rdwgcka]:') then
      row[#row + 1] = traits[i]
      row[#row + 1] = traits[i + 1]
    else
      sound = false
    end
  end
  return sound
end

-- Of a value the part that could be read; empty also when the key is of another type.
local function cut(key, field, most)
  local n = redis.pcall('HSTRLEN', key, field)
  if type(n) ~= 'number' or n == 0 then return '' end
  if n > LONG then return '?' end
  return string.sub(redis.call('HMGET', key, field)[1], 1, most)
end

-- No more than could be read, and a few, cut where none could: whatever lies there, the
-- answer is short.
local function append(flat, key, field)
  if #flat < 258 then
    flat[#flat + 1] = string.sub(field, 1, 100)
    flat[#flat + 1] = cut(key, field, 600)
  end
end

-- An operator's key of another type is as good as none.
local function settings(key)
  local version = cut(key, 'v', 20)
  if version == '' then return {} end
  local flat = {'v', version}
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.find(field, '^g:') or string.find(field, '^al:') then append(flat, key, field) end
  end
  return flat
end

local function alerts(key)
  local flat = {}
  for _, name in ipairs(redis.pcall('HKEYS', key)) do append(flat, key, name) end
  return flat
end

local flat = redis.pcall('HGETALL', KEYS[1])
if flat.err then -- whatever it is, it holds no epoch
  redis.call('DEL', KEYS[1])
  unreadable, flat = 1, {}
end
local meta = {}
for i = 1, #flat, 2 do meta[flat[i]] = flat[i + 1] end
if meta.e ~= ARGV[1] then
  local owner = string.find(meta.e or '', '^%d+$') and tonumber(meta.e) or 0
  if owner > 4e15 then owner = 0 end -- garbage: EPOCH_MAX, limits.h
  if owner > tonumber(ARGV[1]) then return string.format('FENCED %.0f', owner) end
  -- p too: a commit that the owner left half done has the number of our first
  redis.call('HSET', KEYS[1], 'e', ARGV[1], 'o', string.format('%.0f', owner), 'p', '')
end
if meta.q then redis.call('HSET', KEYS[1], 'l', '1') end
if #flat == 0 then redis.call('EXPIRE', KEYS[1], ARGV[10]) end

put_all('M', flat, 2)
put_all('P', read('HGETALL', ARGV[5]), 2)
put_all('R', read('HVALS', ARGV[4]), 1)
put_all('T', read('HGETALL', ARGV[11]), 2)
put_all('O', read_fields(ARGV[12], ONLINE), 2)
put_all('G', settings(string.sub(KEYS[1], 1, -2) .. 'c'), 2)
put_all('A', alerts(string.sub(KEYS[1], 1, -2) .. 'al'), 2)
put_all('N', read('HGETALL', ARGV[13]), 2)

-- No row is of a minute after the record's, and one more for clocks that differ: the
-- last part of a commit has both.
local newest, oldest = ARGV[6] + ARGV[8], ARGV[6] - ARGV[7] + 1
if meta.q and string.find(meta.t or '', '^%d+$') and #meta.t < 16 then
  newest = math.min(newest, math.floor(meta.t / 60000) + 1)
end
local names, traits, rows, bytes = {}, {}, {}, 0
local left, told = 0, 0 -- that are there and not read yet; traits that cannot be stay
for minute = newest, oldest, -1 do
  local digits = string.format('%d', minute)
  names[#names + 1], traits[#traits + 1] = ARGV[2] .. digits, ARGV[14] .. digits
end
if #names > 0 then
  left, told = redis.call('EXISTS', unpack(names)), redis.call('EXISTS', unpack(traits))
end
for k = 1, #names do
  if left == 0 then break end
  local row, n = read_fields(names[k], COUNTS), nil
  row.minute, row.n = string.format('%d', newest + 1 - k), 0
  for i = 1, #row, 2 do
    if row[i] == 'n' then n = row[i + 1] end
  end
  if n and string.find(n, '^%d+$') and #n < 10 then row.n = tonumber(n) end
  if #row > 0 then
    rows[#rows + 1] = row
    left = left - 1
    if told > 0 and add_traits(row, traits[k]) then told = told - 1 end
  end
  bytes = bytes + row.n * 16
end
for _, row in ipairs(rows) do
  put('B')
  put(row.minute)
  put(#row / 2)
  for i = 1, #row do put(row[i]) end
  if row.n > 0 and bytes <= tonumber(ARGV[9]) then
    local log = read('GETRANGE', ARGV[3] .. row.minute, '0', string.format('%d', row.n * 16 - 1))
    put('L')
    put(type(log) == 'string' and log or '')
  end
end
put('E')
put(unreadable + told)
return out
