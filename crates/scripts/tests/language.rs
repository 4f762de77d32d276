//! What scripts in Argo CD's Lua say, and what they get.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use tautline_core::{Object, Timestamp, Value};
use tautline_scripts::{Limits, health};

/// The text of a Lua expression (or statements that return one), by the script's own `tostring`.
fn text(expression: &str) -> String {
    let script = match expression.contains("return") {
        true => format!(
            "local function f() {expression} end return {{ status = 'Healthy', message = tostring(f()) }}"
        ),
        false => format!("return {{ status = 'Healthy', message = tostring({expression}) }}"),
    };
    let json = br#"{"apiVersion":"v1","kind":"X","metadata":{"name":"x","generation":3,"labels":null},
        "spec":{"size":2.5,"whole":4.0,"items":[1,null,"c"],"on":true,"none":[]}}"#;
    let object = Object::new(Value::from_json(json).unwrap()).unwrap();
    let now = Timestamp::from_seconds(1_000_000_000);
    match health(&script, &object, now, &Limits::default()) {
        Ok(found) => found.unwrap().message,
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    for (expression, expect) in rows {
        assert_eq!(&text(expression), expect, "{expression}");
    }
}

#[test]
fn numbers_are_floating_point_and_print_whole() {
    check(&[
        ("10 / 2", "5"),
        ("'n' .. 10 / 2", "n5"),
        ("10 / 4 .. '|' .. 6 / 3 .. '|' .. 1", "2.5|2|1"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("2 ^ 53", "9007199254740992"),
        ("1e15", "1000000000000000"),
        ("1e21", "1e+21"),
        ("7 % 3", "1"),
        ("-7 % 3", "2"),
        ("math.floor(3.7)", "3"),
        ("math.floor(7 / 2) .. ''", "3"),
        ("math.pow(2, 3)", "8"),
        ("tonumber('0x10')", "16"),
        ("tonumber('x')", "nil"),
        ("tonumber('3') == 3.0", "true"),
        ("'10' + 1", "11"),
        ("obj.metadata.generation", "3"),
        ("obj.metadata.generation .. ''", "3"),
        ("obj.spec.size", "2.5"),
        ("obj.spec.whole .. ' of ' .. obj.spec.whole / 1", "4 of 4"),
        ("table.concat({ 1, 2.5, 6 / 2, 'x' }, ',')", "1,2.5,3,x"),
        ("obj.spec.whole == 4", "true"),
        ("({ a = 1 })[4 / 4]", "nil"),
        ("({ 'a' })[4 / 4]", "a"),
    ]);
}

#[test]
fn objects_are_tables_and_null_is_nil() {
    check(&[
        ("obj.metadata.labels", "nil"),
        ("obj.spec.items[1]", "1"),
        ("obj.spec.items[2]", "nil"),
        ("obj.spec.items[3]", "c"),
        ("obj.spec.on", "true"),
        ("#obj.spec.none", "0"),
        ("next(obj.spec.none)", "nil"),
        ("obj.status", "nil"),
        (
            "local t = '' for k in pairs(obj.spec) do t = t .. k .. ' ' end return t",
            "items none on size whole ",
        ),
        (
            "return obj.status.phase",
            "error: <string>:1: attempt to index a non-table object(nil) with key 'phase'",
        ),
    ]);
}

#[test]
fn what_lua_5_1_had() {
    check(&[
        ("table.getn({ 1, 2 })", "2"),
        ("unpack({ 'a', 'b' })", "a"),
        ("select('#', unpack({ 1, 2, 3 }))", "3"),
        ("table.maxn({ 1, [7] = 2 })", "7"),
        ("math.mod(7, 4)", "3"),
        ("require('os').time()", "1000000000"),
        (
            "for i = 1, 3 do if i == 2 then goto continue end if i == 3 then return i end ::continue:: end",
            "3",
        ),
        (
            "local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b end) return table.concat(t)",
            "321",
        ),
        ("local t = { 1, 3 } table.insert(t, 2, 2) table.insert(t, 4) return table.concat(t)", "1234"),
        ("local t = { 1, 2 } table.remove(t) table.remove(t, 9) return #t", "1"),
        ("local t = setmetatable({}, { __index = function(_, k) return k end }) return t.hello", "hello"),
        ("local t = setmetatable({}, { __concat = function(a, b) return 'own' end }) return t .. 1", "own"),
        ("local t = setmetatable({}, { __tostring = function() return 'me' end }) return t", "me"),
        ("tostring({})", "table: 0x0"),
        ("type(loadstring)", "nil"),
    ]);
}

#[test]
fn failures_are_texts() {
    check(&[
        ("return 'a' .. nil", "error: <string>:1: cannot perform concat operation between string and nil"),
        ("return select(2, pcall(function() error('no', 0) end))", "no"),
        ("return select(2, pcall(function() error({ code = 7 }) end)).code", "7"),
        ("return pcall(error)", "false"),
        ("return select(2, xpcall(function() error('x', 0) end, function(e) return e .. '!' end))", "x!"),
        ("return ipairs(nil)", "error: <string>:1: bad argument #1 to ipairs (table expected, got nil)"),
        ("return pairs(nil)", "error: <string>:1: bad argument #1 to pairs (table expected, got nil)"),
        ("return #nil", "error: <string>:1: __len undefined"),
        ("return 1 < 'a'", "error: <string>:1: attempt to compare number with string"),
    ]);
}

#[test]
fn text_functions() {
    check(&[
        ("('x'):upper() .. string.lower('ABC') .. string.len('four')", "Xabc4"),
        ("string.sub('hello', 2, -2)", "ell"),
        ("string.sub('hello', -3)", "llo"),
        ("string.sub('hello', 4, 2)", ""),
        ("string.rep('ab', 3)", "ababab"),
        ("string.rep('ab', -1)", ""),
        ("string.reverse('abc')", "cba"),
        ("string.byte('A')", "65"),
        ("string.char(72, 105)", "Hi"),
        ("string.find('a.b', '.', 1, true)", "2"),
        ("string.find('abc', 'b', -1)", "nil"),
        ("select('#', string.find('abc', '(b)(c)'))", "4"),
        ("string.match('2020-01-02', '(%d+)-(%d+)')", "2020"),
        ("string.match('v1.2.3', '^v(%d+)%.')", "1"),
        ("string.match('key = value', '^(%w+)%s*=%s*(%w+)$')", "key"),
        ("string.match('abc', '()b()')", "2"),
        ("string.match('f(a(b)c)d', '%b()')", "(a(b)c)"),
        ("string.match('THE (quick) fox', '%f[%a]%a+', 5)", "quick"),
        ("string.match('aa bb', '(%a)%1', 2)", "b"),
        ("string.match('x]y', '[]]')", "]"),
        ("string.match('a-b', '[a%-]+')", "a-"),
        ("string.match('hello', '[^aeiou]+$')", "nil"),
        ("string.gsub('hello world', 'o', '%0%0')", "helloo woorld"),
        ("string.gsub('abc', '', '-')", "-a-b-c-"),
        ("string.gsub('a b c', ' ', '', 1)", "ab c"),
        ("string.gsub('$name is', '%$(%w+)', { name = 'bob' })", "bob is"),
        ("return (string.gsub('abc', '%w', function(c) if c == 'b' then return 'B' end end))", "aBc"),
        ("string.gsub('abc', '(a)(b)', '%2%1')", "bac"),
        ("local n = 0 for w in string.gmatch('a b c', '%a') do n = n + 1 end return n", "3"),
        (
            "local t = '' for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t = t .. k .. v end return t",
            "a1b2",
        ),
        (
            "string.format('%s %d %5.2f|%x|%5s|%-5s|%05d|%%', 1.5, 5.7, 3, 255, 'a', 'b', 3)",
            "1.5 5  3.00|ff|    a|b    |00003|%",
        ),
        ("string.format('%q', 'a\"b')", "\"a\\\"b\""),
        ("string.format('%s %s %s', nil, true, 6 / 2)", "nil true 3"),
        ("string.format('%d', '12')", "12"),
        ("string.format('%g %g %.3g', 0.5, 1e20, 1234.5)", "0.5 1e+20 1.23e+03"),
    ]);
}

#[test]
fn the_time_is_the_callers() {
    check(&[
        ("os.time()", "1000000000"),
        ("os.time({ year = 2020, month = 1, day = 2, hour = 3, min = 4, sec = 5 })", "1577934245"),
        ("os.time({ year = 2020, month = 13, day = 1, hour = 0 })", "1609459200"),
        ("os.time({ year = '2020', month = '01', day = '02' })", "1577966400"),
        ("os.date('!%Y-%m-%dT%H:%M:%SZ')", "2001-09-09T01:46:40Z"),
        ("os.date('!%Y-%m-%d', 0)", "1970-01-01"),
        ("os.date('*t').yday", "252"),
        ("os.difftime(5, 3)", "2"),
        ("os.execute", "nil"),
    ]);
}
