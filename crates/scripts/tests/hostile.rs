//! Scripts that want to harm: each ends soon, with an error that says why, and the next one is unaffected.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::time::Duration;

use cpu_time::ThreadTime;
use tautline_core::{Object, Timestamp, Value};
use tautline_scripts::{Limits, ScriptError, health};

fn run(script: &str) -> Result<String, ScriptError> {
    let json = br#"{"apiVersion":"v1","kind":"X","metadata":{"name":"x"}}"#;
    let object = Object::new(Value::from_json(json).unwrap()).unwrap();
    let found = health(script, &object, Timestamp::default(), &Limits::default())?;
    Ok(found.map(|health| health.message).unwrap_or_default())
}

/// The script is stopped, within 100 ms of processor time (200 in a build without optimisation).
#[track_caller]
fn stopped(script: &str) {
    let started = ThreadTime::now();
    let result = run(script);
    let took = started.elapsed();
    let limit = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 100 });
    assert!(took < limit, "{took:?}: {script}");
    assert!(result.is_err(), "{script}: {result:?}");
    assert_eq!(run("return { status = 'Healthy', message = 'fine' }").unwrap(), "fine");
}

#[test]
fn endless_loops() {
    stopped("while true do end");
    stopped("repeat until false");
    stopped("::top:: goto top");
    stopped("for i = 1, math.huge do end");
    stopped("local function f() return f() end f()");
    stopped("local function f() return 1 + f() end f()");
    stopped(
        "local t = {} for i = 1, 1e5 do t[i] = i end while next(t) do t[next(t)] = nil end while true do end",
    );
}

#[test]
fn catching_the_limit_does_not_help() {
    stopped("while true do pcall(function() while true do end end) end");
    stopped("pcall(function() while true do end end) return { status = 'Healthy' }");
    stopped("while true do xpcall(function() while true do end end, function() while true do end end) end");
    stopped("local function f() pcall(f) while true do end end f()");
    stopped("local function f() local ok = pcall(f) return f() end while true do pcall(f) end");
    stopped("pcall(pcall, function() while true do end end) while true do end");
    stopped(
        "pcall(string.gsub, ('a'):rep(1e5), 'a', function() while true do end end) return { status = 'Healthy' }",
    );
    stopped("pcall(table.sort, { 1, 2, 3 }, function() while true do end end) return { status = 'Healthy' }");
}

#[test]
fn memory() {
    stopped("local t = {} while true do t[#t + 1] = {} end");
    stopped("local s = 'x' while true do s = s .. s end");
    stopped("local s = ('x'):rep(1e9)");
    stopped("local s = ('x'):rep(1e6) while true do local t = s .. 'a' .. s end");
    stopped(
        "local s = ('x'):rep(3e6) local n = 0 while true do if s .. n == s then return end n = n + 1 end",
    );
    stopped("string.rep('', 1e18, ('x'):rep(1e6))");
    stopped("local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(100) .. i end");
    stopped("local s = string.format('%99d', 1) for i = 1, 1e6 do s = string.format('%s%s', s, s) end");
    stopped("local s = ('a'):rep(1e4) while true do s = s:gsub('a', 'aaaaaaaaaa') end");
    stopped("unpack({}, 1, 1e8)");
    stopped("local t = {} t[1] = t table.concat(t, ('x'):rep(1e6), 1, 1e9)");
    stopped("return string.char(unpack({}, 1, 1e6))");
}

#[test]
fn patterns() {
    stopped("('a'):rep(3e4):find(('.-'):rep(20) .. 'b')");
    stopped("('a'):rep(1e5):match(('a*'):rep(30) .. 'b')");
    stopped("('('):rep(1e5):gsub('%b()', '')");
    stopped("for w in ('a'):rep(1e6):gmatch('.-b') do end");
    stopped("string.find('', ('('):rep(1e4))");
    stopped("string.find('a', '[')");
    stopped("string.find('a', '%')");
    stopped("string.find('a', '%9')");
    stopped("string.find(('a'):rep(500), ('a?'):rep(500) .. ('a'):rep(500))");
    stopped("local s = ('x'):rep(1e6) while true do s:find('y', 1, true) end");
    stopped("local s = ('x'):rep(1e6) while true do s:upper() end");
}

#[test]
fn ways_out() {
    for name in [
        "io",
        "debug",
        "package",
        "load",
        "loadstring",
        "loadfile",
        "dofile",
        "collectgarbage",
        "coroutine",
        "string.dump",
        "string.pack",
        "os.execute",
        "os.getenv",
        "os.exit",
        "os.remove",
        "math.random",
        "utf8",
        "getfenv",
        "setfenv",
        "newproxy",
    ] {
        let script = format!("return {{ status = 'Healthy', message = type({name}) }}");
        assert_eq!(run(&script).unwrap(), "nil", "{name}");
    }
    stopped("require('io')");
    stopped("require('debug')");
    stopped("setmetatable({}, { __gc = function() while true do end end })");
    stopped("local x <close> = setmetatable({}, { __close = function() while true do end end })");
    stopped(
        "local m = {} local x = setmetatable({}, m) m.__close = function() while true do end end local y <close> = x while true do end",
    );
    stopped("setmetatable = nil getmetatable('').__index = nil");
    stopped("\x1bLua not text");
    stopped("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x");
    stopped("local t = setmetatable({}, { __index = function(t, k) return t[k] end }) return t.x");
    stopped(
        "local t = setmetatable({}, { __eq = function() while true do end end }) return t == setmetatable({}, getmetatable(t))",
    );
    stopped("tostring(setmetatable({}, { __tostring = function() while true do end end }))");
    stopped("error(setmetatable({}, { __tostring = function() while true do end end }))");
    stopped("pairs = nil ipairs = nil string = nil type = nil while true do end");
    stopped("__join = setmetatable({}, { __concat = function() while true do end end }) return 'a' .. 'b'");
}

#[test]
fn answers() {
    stopped("return 'Healthy'");
    stopped("return { status = {} }");
    stopped("return { status = 'Healthy', message = 5 }");
    stopped("not lua at all");
    stopped("error('own words')");
    let deep = format!("return {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    stopped(&deep);
    let deep = format!("return {}{}", "{".repeat(100_000), "}".repeat(100_000));
    stopped(&deep);
    stopped(&" ".repeat(1 << 20));
    stopped(
        &format!("local a = 1 {}", "a = a + 1 ".repeat(60_000)).replace("local a", "while true do local a"),
    );
    assert!(run("return setmetatable({}, { __index = { status = 'Healthy' } })").unwrap().is_empty());
    let long = run("return { status = 'Healthy', message = ('x'):rep(1e6) }").unwrap();
    assert_eq!(long.len(), 8_192);
}

#[test]
fn one_script_leaves_nothing_for_the_next() {
    run("string.upper = nil leak = 1 getmetatable('').x = 1 return {}").unwrap_err();
    run("string.upper = nil leak = 1 tostring = nil return {}").unwrap();
    assert_eq!(
        run("return { status = 'Healthy', message = tostring(leak) .. ('x'):upper() }").unwrap(),
        "nilX"
    );
}
