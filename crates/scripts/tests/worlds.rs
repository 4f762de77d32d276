//! Scripts run one after the other on one machine, and none finds anything that another left behind.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;

use tautline_core::{Object, Timestamp, Value};
use tautline_scripts::{Limits, ScriptError, health};

fn run_at(script: &str, name: &str, seconds: i64) -> Result<String, ScriptError> {
    let json =
        format!(r#"{{"apiVersion":"v1","kind":"X","metadata":{{"name":"{name}"}},"status":{{"list":[1]}}}}"#);
    let object = Object::new(Value::from_json(json.as_bytes()).unwrap()).unwrap();
    let found = health(script, &object, Timestamp::from_seconds(seconds), &Limits::default())?;
    Ok(found.map(|health| health.message).unwrap_or_default())
}

fn run(script: &str) -> Result<String, ScriptError> {
    run_at(script, "x", 0)
}

/// All that a script can see: every name with what it is, and what the libraries' functions do.
const LOOK: &str = r##"
local seen, lines = {}, {}
local function look(name, value)
  local text = type(value)
  if text == "number" or text == "string" or text == "boolean" then text = text .. " " .. tostring(value) end
  lines[#lines + 1] = name .. " is " .. text
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    local names = {}
    for key in pairs(value) do names[#names + 1] = tostring(key) end
    table.sort(names)
    for _, key in ipairs(names) do look(name .. "." .. key, value[key]) end
    look(name .. "'s metatable", getmetatable(value))
  end
end
look("_G", _G)
look("_ENV", _ENV)
look("text", getmetatable(""))
look("join", __join)
local list = { 3, 1, 2 }
table.sort(list)
table.insert(list, 4)
local walked = ""
for k, v in pairs({ b = 1, a = 2 }) do walked = walked .. k .. v end
for i, v in ipairs({ "x", "y" }) do walked = walked .. i .. v end
lines[#lines + 1] = table.concat(list, ",") .. walked .. ("abc"):upper() .. string.format("%d", 3) .. 10 / 2
lines[#lines + 1] = tostring(select("#", unpack({ 1, 2 }))) .. tostring(pcall(error)) .. type(require("os"))
lines[#lines + 1] = tostring(("x").len) == tostring(string.len) and "same" or "other"
return { status = "Healthy", message = table.concat(lines, "\n") }
"##;

const MESSES: [&str; 24] = [
    "leaked = 1",
    "_G.leaked = 1 rawset(_G, 'more', 2)",
    "string.upper = function() return 'no' end",
    "string.leaked = function() return 'no' end return { status = 'Healthy', message = ('x'):leaked() }",
    "string = nil table = nil math = nil os = nil",
    "math.pi = 3 math.floor = nil table.sort = nil table.leaked = {} os.time = nil",
    "tostring = function() return 'no' end type = tostring pairs = nil ipairs = nil error = nil",
    "for k in pairs(_G) do _G[k] = nil end",
    "setmetatable(_G, { __index = function() return 'no' end, __newindex = function() end })",
    "setmetatable(string, { __index = function() return function() return 'no' end end })",
    "setmetatable(table, { __newindex = function() end }) setmetatable(obj, { __index = obj })",
    "__join = nil",
    "__join.leaked = 1 rawset(__join, 'more', 2)",
    "pcall(setmetatable, __join, { __concat = function() return 'no' end })",
    "pcall(function() getmetatable('').__index = { upper = function() return 'no' end } end)",
    "_ENV = { obj = obj } leaked = 1",
    "local _ENV <const> = setmetatable({}, { __index = _ENV }) leaked = 1",
    "obj.metadata.name = 'no' obj.status.list[1] = 'no' obj.leaked = 1",
    "require = function() return nil end",
    "local m = getmetatable(__join) if m then m.__concat = nil end",
    "error('left in the middle')",
    "local t = setmetatable({}, { __index = function(t, k) error('no') end }) return t.x",
    "while true do end",
    "local t = {} while true do t[#t + 1] = {} end",
];

#[test]
fn nothing_that_a_script_does_is_seen_by_the_next() {
    // A thread of its own has a machine of its own.
    let fresh = std::thread::spawn(|| run(LOOK).unwrap()).join().unwrap();
    for mess in MESSES {
        drop(run(mess));
        let after = run(LOOK).unwrap();
        let changed: Vec<&str> = after.lines().filter(|line| !fresh.contains(line)).collect();
        assert_eq!((changed, after.len()), (Vec::new(), fresh.len()), "after {mess}");
        // The same script again: its code is kept, its variables are not.
        let again = [run(mess), run(mess)].map(|result| result.map_err(|error| error.to_string()));
        assert_eq!(again[0], again[1], "{mess}");
    }
}

#[test]
fn a_script_starts_anew_each_time() {
    let count = "count = (count or 0) + 1 return { status = 'Healthy', message = count .. '' }";
    let hidden = "local n = 0 local function next() n = n + 1 return n end next()
        return { status = 'Healthy', message = next() .. '' }";
    for _ in 0..3 {
        assert_eq!(run(count).unwrap(), "1");
        assert_eq!(run(hidden).unwrap(), "2");
    }
}

#[test]
fn each_run_has_its_own_object_and_time() {
    let tell = "return { status = 'Healthy', message = obj.metadata.name .. ' at ' .. os.time() }";
    for (name, at) in [("a", 5), ("b", 7), ("a", 1_000_000_000)] {
        assert_eq!(run_at(tell, name, at).unwrap(), format!("{name} at {at}"));
    }
}

#[test]
fn methods_that_a_script_gives_to_text_are_there_while_it_runs() {
    let script = "function string.starts(text, start) return text:sub(1, #start) == start end
        return { status = 'Healthy', message = tostring(('hello'):starts('he')) }";
    assert_eq!(run(script).unwrap(), "true");
    let other = "return { status = 'Healthy', message = tostring(('hello').starts) }";
    assert_eq!(run(other).unwrap(), "nil");
}

#[test]
fn limits_are_each_runs_own() {
    let work = "for i = 1, 30000 do end return { status = 'Healthy', message = 'done' }";
    for _ in 0..100 {
        assert_eq!(run(work).unwrap(), "done", "steps are not summed up over runs");
    }
    let memory =
        "local t = {} for i = 1, 20000 do t[i] = { i } end return { status = 'Healthy', message = 'done' }";
    for _ in 0..100 {
        assert_eq!(run(memory).unwrap(), "done", "what earlier runs left does not count");
    }
}

#[test]
fn thousands_of_scripts_do_not_stay() {
    // Each is compiled once; beyond a megabyte of texts the oldest go. All answer as if they were alone.
    let answers: BTreeMap<usize, String> = (0..300)
        .map(|number| {
            let pad = format!("-- {}\n", "x".repeat(8_000));
            (number, run(&format!("{pad}return {{ status = 'Healthy', message = '{number}' }}")).unwrap())
        })
        .collect();
    assert!(answers.iter().all(|(number, answer)| *answer == number.to_string()));
}
