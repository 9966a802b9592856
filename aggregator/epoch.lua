#!lua
-- Gives this aggregator an epoch above every one given before, and above the floor. What
-- lies there and is no epoch (EPOCH_MAX, limits.h) is replaced.
-- KEYS[1] hc:epoch   ARGV[1] floor
local text = redis.pcall('GET', KEYS[1])
local last = type(text) == 'string' and string.find(text, '^%d+$') and tonumber(text) or 0
if last > 4e15 then last = 0 end
local t = redis.call('TIME')
local ms = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local epoch = string.format('%.0f', math.max(last + 1, ms, tonumber(ARGV[1]) + 1))
redis.call('SET', KEYS[1], epoch)
return epoch
