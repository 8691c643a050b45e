import { createHash } from 'node:crypto'

/** A script as Redis knows it: by its text, or by the hash of that once it has seen it. */
export interface Script {
  readonly text: string
  readonly sha: string
}

/**
 * A copy is three keys with one hash tag. `meta` is a hash: `g` names this copy among those that were here before it,
 * `r` is the revision of the context that it is of, `n` the items in `log`, `f` how many of them at the beginning are
 * blocks that are full, `b` the bytes that were put behind the blocks since, `t` the bytes of all, `v` how
 * often it was folded. `log` is a list of turns in the order they
 * were stored, some of them together in one block; of one that is there twice the later is right. `marks` are writers
 * that have begun and not ended, with the time after which they are not waited for.
 *
 * A script that fails half-way, or keys of which some were evicted or overwritten, leave a copy whose numbers do not
 * fit, or none; it is found by the next one and replaced. A script that adds something begins its writes with one that
 * needs memory: where there is none left that one is refused, and any other would let all that come after it through.
 */
const library = `
local meta, log, marks = KEYS[1], KEYS[2], KEYS[3]
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function pending()
  return redis.call('ZCOUNT', marks, now(), '+inf') > 0
end
-- What a reader has seen, and may be replaced or added to only if it is still so.
local function seen(m)
  return m[1] and (m[1] .. ' ' .. (m[2] or '') .. ' ' .. (m[3] or '')) or ''
end
local function known()
  return redis.call('HMGET', meta, 'g', 'r', 'n', 'f', 'b', 't', 'v')
end
local function fits(m)
  return redis.call('LLEN', log) == tonumber(m[3])
end
-- Lua hands over a few thousand arguments at once, and no more.
local function push(items, first)
  local bytes = 0
  for i = first, #items do bytes = bytes + #items[i] end
  for i = first, #items, 1000 do
    redis.call('RPUSH', log, unpack(items, i, math.min(i + 999, #items)))
  end
  return bytes
end
local function keep(ttl)
  redis.call('PEXPIRE', meta, ttl)
  redis.call('PEXPIRE', log, ttl)
end
`

const script = (text: string): Script => {
  const whole = `${library}${text}`
  return { text: whole, sha: createHash('sha1').update(whole).digest('hex') }
}

/** ARGV: token, milliseconds. Says that somebody is about to write to the context. */
const mark = script(`
redis.call('ZADD', marks, now() + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', marks, '-inf', '(' .. now())
redis.call('PEXPIRE', marks, ARGV[2])
return 'ok'
`)

/**
 * No ARGV. `pending`; `none`; `broken` where some of the copy is missing or too much; or the copy: what was seen of
 * it, its revision, its items.
 */
const read = script(`
if pending() then return {'pending'} end
local m = known()
if not m[1] then return {redis.call('EXISTS', log) == 1 and 'broken' or 'none', ''} end
local items = redis.call('LRANGE', log, 0, -1)
if #items ~= tonumber(m[3]) then return {'broken', seen(m)} end
return {'copy', seen(m), m[2], items}
`)

/**
 * ARGV: token, revision before (empty: the context was made), revision after, milliseconds to keep, name for a new
 * copy, items and bytes behind the full blocks from which on they are to be folded, most bytes of a copy, items. A copy
 * of any other revision is dropped. Where it is time to fold: the name of the copy, how often it was, the items
 * behind the full blocks.
 */
const apply = script(`
local function without(word)
  redis.call('ZREM', marks, ARGV[1])
  redis.call('DEL', meta, log)
  return {word}
end
local m = known()
if m[1] then
  if m[2] ~= ARGV[2] or not fits(m) then return without('dropped') end
else
  if ARGV[2] ~= '' or redis.call('EXISTS', log) == 1 then return without('none') end
  m = {ARGV[5], '', 0, 0, 0, 0, 0}
end
local bytes = push(ARGV, 9)
if m[6] + bytes > tonumber(ARGV[8]) then return without('dropped') end
local count, behind = m[3] + #ARGV - 8, m[5] + bytes
redis.call('HSET', meta, 'g', m[1], 'r', ARGV[3], 'n', count, 'f', m[4], 'b', behind, 't', m[6] + bytes,
  'v', m[7])
redis.call('ZREM', marks, ARGV[1])
keep(ARGV[4])
if count - m[4] > tonumber(ARGV[6]) or behind > tonumber(ARGV[7]) then
  return {'ripe', m[1], tonumber(m[7]), redis.call('LRANGE', log, m[4], -1)}
end
return {'applied'}
`)

/**
 * ARGV: what was seen of the copy, `add` or `replace`, revision, milliseconds to keep, name for a new copy, full
 * blocks at the beginning, most bytes of a copy, items. Nothing happens while somebody writes, or where the copy is another one by now.
 */
const promote = script(`
if pending() then return 'pending' end
local m = known()
if seen(m) ~= ARGV[1] then return 'raced' end
if ARGV[2] == 'add' then
  if not fits(m) then return 'raced' end
  local bytes = 0
  for i = 8, #ARGV do bytes = bytes + #ARGV[i] end
  if m[6] + bytes > tonumber(ARGV[7]) then return 'full' end
  push(ARGV, 8)
  redis.call('HINCRBY', meta, 'b', bytes)
  redis.call('HINCRBY', meta, 't', bytes)
  redis.call('HINCRBY', meta, 'n', #ARGV - 7)
else
  redis.call('HSET', meta, 'g', ARGV[5])
  redis.call('DEL', meta, log)
  local bytes = push(ARGV, 8)
  redis.call('HSET', meta, 'g', ARGV[5], 'r', ARGV[3], 'n', #ARGV - 7, 'f', ARGV[6], 'b', 0, 't', bytes, 'v', 0)
end
keep(ARGV[4])
return 'promoted'
`)

/** ARGV: token, `copy` or `mark`. The mark goes, and the copy with it or not, of whatever type they are. */
const drop = script(`
if ARGV[2] == 'copy' then redis.call('DEL', meta, log) end
if redis.call('TYPE', marks).ok == 'zset' then redis.call('ZREM', marks, ARGV[1])
else redis.call('DEL', marks) end
return 'ok'
`)

/**
 * ARGV: name of the copy, how often it was folded, how many items behind its full blocks become others, their bytes,
 * how many of the others are full blocks, milliseconds to keep, the others.
 */
const fold = script(`
local m = known()
if m[1] ~= ARGV[1] or m[7] ~= ARGV[2] or not fits(m) then return 'raced' end
redis.call('HSET', meta, 'f', m[4])
local rest = redis.call('LRANGE', log, m[4] + ARGV[3], -1)
if m[4] == '0' then redis.call('DEL', log) else redis.call('LTRIM', log, 0, m[4] - 1) end
local folded = push(ARGV, 7)
local behind = push(rest, 1)
redis.call('HSET', meta, 'f', m[4] + ARGV[5], 'n', m[4] + #ARGV - 6 + #rest, 'b', behind,
  't', m[6] - ARGV[4] + folded, 'v', m[7] + 1)
keep(ARGV[6])
return 'folded'
`)

/** The verbs. Each takes the keys of one copy. */
export const scripts = { mark, read, apply, promote, drop, fold } as const
