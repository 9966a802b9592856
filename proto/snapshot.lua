#!lua flags=no-writes
-- snapshot: everything a realtime answer needs of one site, read in one instant.
--
-- KEYS[1]  hc:{S}:m, the site's meta hash; ...:o, ...:t, ...:c, ...:ti and ...:tr:MIN are
--          next to it
-- ARGV[1]  hc:{S}:b: , to which a minute number is appended
-- ARGV[2]  hc:{S}:r, the ring of recent events
-- ARGV[3]  of how many minutes, the running one included, the pages are wanted, and what
--          views are told apart by; 0: the numbers are enough, no pages, titles, events
--
-- Returns one flat list of strings (proto/summary.h takes it apart):
--   "T" sec usec
--   "M" n field value ...    meta; empty until the site's first commit
--   "O" n field value ...    who is online; empty for a site without meta
--   "A" n field value ...    totals and peaks, for ever
--   "C" n field value ...    settings; of goals empty values, of alerts how they stand, 128
--                            of both at most; and none of these of 0 minutes
--   "N" n path title ...     titles of pages; not for a site without meta, nor of 0
--                            minutes
--   "B" minute n field value ...    per minute that has a row, newest first
--   "R" n json ...
--
-- A key that holds another type than it should is an error, and nothing is returned.
--
-- The running minute is the later of Redis' clock and the last commit, so that an
-- aggregator whose clock is ahead does not lose its newest row. The keys made up here carry
-- the hash tag of KEYS[1] and so live on the same node of a cluster.

local WINDOW_DEFAULT, WINDOW_MAX = 30, 64 -- as in proto/limits.h
local META = {'e', 'q', 'n', 't', 'v', 'W', 'c', 'l', 'warm'}
local COUNTS = {'pv', 'ev', 'uniq', 'last', 'eng', 'q', 'q50', 'q95'}
local ONLINE = {'w', 'r', 'i', 'b', 'tabs', 'm', 'fw', 'fr', 'fi', 'fb'}
local TOTALS = {'pv', 'vis', 'since', 'peak', 'peak_at', 'day', 'dpeak', 'dpeak_at', 'life', 'i',
    'con', 'cnt'}
local SETTINGS = {'badge', 'demo', 'read', 'v'} -- the version of goals and alerts is the last
local LONG = 4000 -- bytes of a setting that is not even looked at: Redis would be busy with it

local out = {}

local function put(text)
    out[#out + 1] = tostring(text)
end

-- A flat list of fields and values, counted.
local function put_pairs(flat)
    put(#flat / 2)
    for i = 1, #flat do
        put(flat[i])
    end
end

-- These fields of a hash; one that is absent is left out.
local function some_of(key, fields)
    local values = redis.call('HMGET', key, unpack(fields))
    local flat = {}
    for i = 1, #fields do
        if values[i] then
            flat[#flat + 1] = fields[i]
            flat[#flat + 1] = values[i]
        end
    end
    return flat
end

local function append(flat, more)
    for i = 1, #more do
        flat[#flat + 1] = more[i]
    end
end

local wanted = tonumber(ARGV[3]) or 1

-- Operators may write anything: of a value the part that could be read; none if there is
-- none.
local function cut(key, field, most)
    if redis.call('HSTRLEN', key, field) > LONG then
        return '?'
    end
    local value = redis.call('HMGET', key, field)[1]
    return value and string.sub(value, 1, most)
end

-- How this alert stood when it was told last; empty: never, or that cannot be read.
local function alert_of(key, name)
    local can_be = type(redis.pcall('HSTRLEN', key, name)) == 'number'
    return can_be and cut(key, name, 600) or ''
end

-- Of goals, which there are none of without a version, the names are enough, and what has
-- too long a name is left out.
local function settings_of(key, alerts)
    local flat = {}
    for _, field in ipairs(SETTINGS) do
        local value = cut(key, field, 20)
        append(flat, value and {field, value} or {})
    end
    if wanted == 0 or flat[#flat - 1] ~= 'v' then
        return flat
    end
    local most = #flat + 256
    for _, field in ipairs(redis.call('HKEYS', key)) do
        if #flat == most then
            break
        elseif #field < 100 and string.find(field, '^g:') then
            append(flat, {field, ''})
        elseif #field < 100 and string.find(field, '^al:') then
            append(flat, {field, alert_of(alerts, string.sub(field, 4))})
        end
    end
    return flat
end

local time = redis.call('TIME')
put('T')
put(time[1])
put(time[2])

local flat = {} -- of a site that was claimed, but never committed
if redis.call('HEXISTS', KEYS[1], 'q') == 1 then
    flat = some_of(KEYS[1], META)
end
local site = string.sub(KEYS[1], 1, -2)
put('M')
put_pairs(flat)
put('O')
if wanted == 0 then
    put_pairs(#flat > 0 and some_of(site .. 'o', ONLINE) or {})
else
    put_pairs(#flat > 0 and redis.call('HGETALL', site .. 'o') or {})
end
put('A')
put_pairs(some_of(site .. 't', TOTALS))
put('C')
put_pairs(settings_of(site .. 'c', site .. 'al'))
if #flat == 0 then
    put('R')
    put(0)
    return out
end

if wanted > 0 then
    put('N')
    put_pairs(redis.call('HGETALL', site .. 'ti'))
end

local meta = {}
for i = 1, #flat, 2 do
    meta[flat[i]] = flat[i + 1]
end
local window = tonumber(meta.W) or WINDOW_DEFAULT
window = math.max(1, math.min(window, WINDOW_MAX))
local now = math.max(math.floor(time[1] / 60), math.floor((tonumber(meta.t) or 0) / 60000))

for back = 0, window - 1 do
    local minute = string.format('%d', now - back)
    local key = ARGV[1] .. minute
    local row = back < wanted and redis.call('HGETALL', key) or some_of(key, COUNTS)
    if #row > 0 then
        if back < wanted then
            append(row, redis.call('HGETALL', site .. 'tr:' .. minute))
        end
        put('B')
        put(minute)
        put_pairs(row)
    end
end

local recent = wanted > 0 and redis.call('HVALS', ARGV[2]) or {}
put('R')
put(#recent)
for i = 1, #recent do
    put(recent[i])
end
return out
