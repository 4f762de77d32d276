-- What Argo CD's Lua (5.1 with goto) has and Lua 5.4 does not, and what 5.4 has and a sandbox must not have.
-- Everything that a rule below needs is a local: a script that replaces a global fools only itself.
local host = ...
local charge, text, keys = host.charge, host.text, host.keys
local type, rawget, rawset, rawequal, rawlen, select = type, rawget, rawset, rawequal, rawlen, select
local error, pcall_any, tostring_any, setmetatable_any, getmetatable = error, pcall, tostring, setmetatable, getmetatable
local kind, floor = math.type, math.floor

-- Text of numbers, and of what has no text without an address.
function tostring(value)
  if kind(value) == "float" then return text(value) end
  local shape = type(value)
  if (shape == "table" or shape == "function") and not (getmetatable(value) or {}).__tostring then
    return shape .. ": 0x0"
  end
  return tostring_any(value)
end

-- a .. b is a .. __join .. b, see rewrite.rs.
local function joinable(value)
  local shape = type(value)
  if shape == "number" then return text(value) end
  if shape == "string" then return value end
  return nil
end
local function refuse(left, right)
  error("cannot perform concat operation between " .. type(left) .. " and " .. type(right), 3)
end
local tail = {}
-- The script's own __concat, if one side has it; `own` tells whether it does.
local function own_concat(left, right)
  local meta = type(left) == "table" and getmetatable(left) or nil
  local handler = type(meta) == "table" and rawget(meta, "__concat") or nil
  if not handler then
    meta = type(right) == "table" and getmetatable(right) or nil
    handler = type(meta) == "table" and rawget(meta, "__concat") or nil
  end
  return handler
end
tail.__metatable = false
function tail.__concat(left, right)
  local value = right.value
  local handler = own_concat(left, value)
  if handler then return handler(left, value) end
  local a, b = joinable(left), joinable(value)
  if not a or not b then refuse(left, value) end
  local length = #a + #b
  if length > 1024 then charge(length // 8) end
  return a .. b
end
local join = {
  __metatable = false,
  __concat = function(_, right) return setmetatable_any({ value = right }, tail) end,
}

-- A failure is a text, never an object of the host.
-- A failure of the meter itself is not caught: `charge` fails again.
local function settle(ok, problem, ...)
  if not ok then charge(0) end
  if not ok and type(problem) == "userdata" then return false, host.message(problem) end
  return ok, problem, ...
end
function pcall(...) return settle(pcall_any(...)) end
function xpcall(call, handler, ...)
  local function finish(ok, problem, ...)
    if ok then return ok, problem, ... end
    return false, handler(problem)
  end
  return finish(pcall(call, ...))
end

-- Finalizers run where nothing counts steps.
function setmetatable(value, meta)
  if type(meta) == "table" and (rawget(meta, "__gc") ~= nil or rawget(meta, "__close") ~= nil) then
    error("a metatable of a script must not have __gc or __close", 2)
  end
  return setmetatable_any(value, meta)
end

-- The order of pairs does not depend on addresses: numbers, then names in their order.
local next_any, ipairs_any = next, ipairs
function ipairs(value)
  if type(value) ~= "table" then
    error("bad argument #1 to 'ipairs' (table expected, got " .. type(value) .. ")", 2)
  end
  return ipairs_any(value)
end
function pairs(value)
  local meta = getmetatable(value)
  local own = type(meta) == "table" and rawget(meta, "__pairs")
  if own then return own(value) end
  if type(value) ~= "table" then
    error("bad argument #1 to 'pairs' (table expected, got " .. type(value) .. ")", 2)
  end
  local order, count = keys(value)
  local at = 0
  return function()
    while at < count do
      at = at + 1
      local key = order[at]
      local entry = rawget(value, key)
      if entry ~= nil then return key, entry end
    end
    return nil
  end, value, nil
end
function next(value, key)
  charge(1)
  return next_any(value, key)
end

-- Tables.
local insert_any, remove_any, concat_any, sort_any, unpack_any =
  table.insert, table.remove, table.concat, table.sort, table.unpack
function table.insert(list, ...)
  if select("#", ...) == 1 then return insert_any(list, (...)) end
  charge(#list)
  local at, value = ...
  if type(at) == "number" and at > #list then
    rawset(list, floor(at), value)
    return
  end
  return insert_any(list, ...)
end
function table.remove(list, at)
  local count = #list
  charge(count // 8)
  if at == nil then return remove_any(list) end
  if at < 1 or at > count then return nil end
  return remove_any(list, at)
end
function table.concat(list, separator, from, to)
  from, to = from or 1, to or #list
  local parts, count = {}, 0
  for i = from, to do
    local part = list[i]
    count = count + 1
    if kind(part) == "float" then part = text(part) end
    parts[count] = part
  end
  if separator ~= nil then separator = tostring(separator) end
  return concat_any(parts, separator, 1, count)
end
function table.sort(list, before)
  local count = #list
  charge(count * (1 + #(text(count)) * 4))
  return sort_any(list, before)
end
function table.getn(list)
  if type(list) ~= "table" then
    error("bad argument #1 to 'getn' (table expected, got " .. type(list) .. ")", 2)
  end
  return #list
end
function table.foreach(list, each)
  for key, value in pairs(list) do
    local answer = each(key, value)
    if answer ~= nil then return answer end
  end
end
function table.foreachi(list, each)
  for at = 1, #list do
    local answer = each(at, list[at])
    if answer ~= nil then return answer end
  end
end
function table.maxn(list)
  local most = 0
  for key in next_any, list do
    if type(key) == "number" and key > most then most = key end
  end
  return most
end
function unpack(list, from, to)
  from, to = from or 1, to or #list
  charge(to > from and to - from or 0)
  return unpack_any(list, from, to)
end
table.unpack, table.pack, table.move = unpack, nil, nil

-- Numbers: floats, as in a script.
local tonumber_any, ceil_any = tonumber, math.ceil
function tonumber(...)
  local number = tonumber_any(...)
  return number and number + 0.0
end
math.huge = 0x1.fffffffffffffp1023
function math.floor(number) return floor(number) + 0.0 end
function math.ceil(number) return ceil_any(number) + 0.0 end
function math.pow(base, exponent) return base ^ exponent end
math.mod = math.fmod
function math.log10(number) return math.log(number, 10) end
math.random, math.randomseed, math.type, math.tointeger, math.ult = nil, nil, nil, nil, nil

-- Text: Lua's own functions run in one step however long they take.
for name in next_any, string do string[name] = nil end
for name, call in next_any, host.string do string[name] = call end
local texts = getmetatable("")
texts.__metatable = false

-- The world outside.
os = host.os
function print() end
local load_any = load
load, loadfile, dofile, collectgarbage, warn = nil, nil, nil, nil, nil
_VERSION = "Lua 5.1"

-- Each script gets a world of its own, made anew: what it changes there is gone with it. The functions are the same
-- for all, and nothing can be changed in a function.
local function maker(names)
  local parts = {}
  for name, entry in next_any, names do
    if type(entry) ~= "table" then parts[#parts + 1] = name .. " = names." .. name end
  end
  sort_any(parts)
  local text = "local names = ... return function() return { " .. concat_any(parts, ", ") .. " } end"
  return load_any(text, "=world")(names)
end
local new_globals, new_string, new_table = maker(_G), maker(string), maker(table)
local new_math, new_os = maker(math), maker(os)
return function()
  local world = new_globals()
  world.string, world.table, world.math, world.os = new_string(), new_table(), new_math(), new_os()
  world._G, world.__join = world, setmetatable_any({}, join)
  function world.require(name)
    if name == "os" or name == "string" or name == "table" or name == "math" then return world[name] end
    error("module " .. tostring(name) .. " not found: a script has os, string, table and math", 2)
  end
  texts.__index = world.string
  return world
end
