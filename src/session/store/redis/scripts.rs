//! The changes, each a script: Redis runs it alone, and whole or not at all.

use std::sync::LazyLock;

use ::redis::Script;

/// How long a key stays: `stay(key, milliseconds)`, 0 for ever. A group stays as long as what stays longest in it, which
/// `stay_with(group, record)` sees to for each record.
const COMMON: &str = "
local prefix = 'authcfg:'
local function stay(key, milliseconds)
  if tonumber(milliseconds) == 0 then redis.call('PERSIST', key) else redis.call('PEXPIRE', key, milliseconds) end
end
local function stay_with(group, record)
  local mine, theirs = redis.call('PTTL', record), redis.call('PTTL', group)
  if mine == -1 then redis.call('PERSIST', group) elseif theirs ~= -1 and mine > theirs then redis.call('PEXPIRE', group, mine) end
end
local function is_over(record, now)
  local expires = redis.call('HGET', record, 'expires')
  return not expires or tonumber(expires) <= tonumber(now)
end
local function groups(record)
  local found = {}
  for _, field in ipairs(redis.call('HKEYS', record)) do
    if string.sub(field, 1, 6) == 'group:' then found[#found + 1] = prefix .. field end
  end
  return found
end
";

/// A new record is what Redis refuses where its memory is full: nothing is written before it.
const CREATE_LUA: &str = "
local now, value, expires, milliseconds = unpack(ARGV)
if not is_over(KEYS[1], now) then return 0 end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'value', value, 'version', 1, 'expires', expires)
stay(KEYS[1], milliseconds)
return 1
";

/// Goes through where the memory is full, once a script has written something: what takes the place of something takes no more,
/// and tokens that a provider has just given must not be lost.
const REPLACE_LUA: &str = "
local now, version, value, expires, milliseconds = unpack(ARGV)
if is_over(KEYS[1], now) or redis.call('HGET', KEYS[1], 'version') ~= version then return 0 end
redis.call('PERSIST', KEYS[1])
redis.call('HSET', KEYS[1], 'value', value, 'expires', expires)
redis.call('HINCRBY', KEYS[1], 'version', 1)
stay(KEYS[1], milliseconds)
for _, group in ipairs(groups(KEYS[1])) do stay_with(group, KEYS[1]) end
return 1
";

const DELETE_LUA: &str = "
for _, group in ipairs(groups(KEYS[1])) do redis.call('SREM', group, ARGV[1]) end
redis.call('DEL', KEYS[1])
";

/// A few that were left behind go, so that the group of somebody who comes every day does not grow.
const LINK_LUA: &str = "
local now, key, field = unpack(ARGV)
if is_over(KEYS[1], now) then return 0 end
local group = prefix .. field
for _, other in ipairs(redis.call('SRANDMEMBER', group, 8)) do
  if redis.call('HEXISTS', prefix .. 'session:' .. other, field) == 0 then redis.call('SREM', group, other) end
end
local is_new = redis.call('EXISTS', group) == 0
redis.call('HSET', KEYS[1], field, 1)
redis.call('SADD', group, key)
if is_new then redis.call('PEXPIRE', group, 1) end -- else it would stay for ever
stay_with(group, KEYS[1])
return 1
";

/// A record that is over stays in the set until it is gone: by another server's clock it may not be over yet.
const LINKED_LUA: &str = "
local now, field = unpack(ARGV)
local group, found = prefix .. field, {}
for _, key in ipairs(redis.call('SMEMBERS', group)) do
  local record = prefix .. 'session:' .. key
  if redis.call('HEXISTS', record, field) == 0 then redis.call('SREM', group, key)
  elseif not is_over(record, now) then found[#found + 1] = key end
end
return found
";

/// As for a change, also where the memory is full: it is small, and soon over.
const LEASE_LUA: &str = "
local now, owner, ends, milliseconds = unpack(ARGV)
local holder = redis.call('HMGET', KEYS[1], 'owner', 'until')
if holder[1] and holder[1] ~= owner and tonumber(holder[2]) > tonumber(now) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'owner', owner, 'until', ends)
stay(KEYS[1], milliseconds)
return 1
";

const RELEASE_LUA: &str = "
if redis.call('HGET', KEYS[1], 'owner') == ARGV[1] then redis.call('DEL', KEYS[1]) end
";

pub(super) static CREATE: LazyLock<Script> = LazyLock::new(|| script(CREATE_LUA));
pub(super) static REPLACE: LazyLock<Script> = LazyLock::new(|| script(REPLACE_LUA));
pub(super) static DELETE: LazyLock<Script> = LazyLock::new(|| script(DELETE_LUA));
pub(super) static LINK: LazyLock<Script> = LazyLock::new(|| script(LINK_LUA));
pub(super) static LINKED: LazyLock<Script> = LazyLock::new(|| script(LINKED_LUA));
pub(super) static LEASE: LazyLock<Script> = LazyLock::new(|| script(LEASE_LUA));
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| script(RELEASE_LUA));

/// All of them, to be made known to a server before it is asked to run one.
pub(super) fn all() -> [&'static Script; 7] {
    [&CREATE, &REPLACE, &DELETE, &LINK, &LINKED, &LEASE, &RELEASE]
}

fn script(text: &str) -> Script {
    Script::new(&format!("{COMMON}{text}"))
}
