#!lua
-- Gives this aggregator an epoch above every one given before, and above the floor.
-- KEYS[1] hc:epoch   ARGV[1] floor
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local t = redis.call('TIME')
local ms = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local epoch = string.format('%.0f', math.max(last + 1, ms, tonumber(ARGV[1]) + 1))
redis.call('SET', KEYS[1], epoch)
return epoch
