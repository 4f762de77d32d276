//! What health scripts in the field are written like, by what they say of objects.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use tautline_core::{Object, Timestamp};
use tautline_scripts::{Limits, health};

/// The time of every run: 2030-01-01T12:00:00Z.
const NOW: i64 = 1_893_499_200;

/// What a script says of an object (YAML): `Status message`.
fn told(script: &str, object: &str) -> String {
    let mut documents = tautline_yaml::read_all(object, &tautline_yaml::Options::default()).into_iter();
    let mut value = documents.next().unwrap().1.unwrap();
    let map = value.as_map_mut().unwrap();
    map.insert("apiVersion", "example.org/v1");
    map.insert("kind", "Thing");
    map.map_at("metadata").insert("name", "thing");
    let object = Object::new(value).unwrap();
    match health(script, &object, Timestamp::from_seconds(NOW), &Limits::default()) {
        Ok(Some(health)) => format!("{} {}", health.status, health.message),
        Ok(None) => "nothing".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(script: &str, rows: &[(&str, &str)]) {
    for (object, expect) in rows {
        assert_eq!(&told(script, object), expect, "{object}\n{script}");
    }
}

#[test]
fn a_global_table_that_is_filled_and_returned() {
    check(
        r#"
hs = {}
if obj.status ~= nil then
  if obj.status.conditions ~= nil then
    for i, condition in ipairs(obj.status.conditions) do
      if condition.type == "Ready" and condition.status == "False" then
        hs.status = "Degraded"
        hs.message = condition.message
        return hs
      end
      if condition.type == "Ready" and condition.status == "True" then
        hs.status = "Healthy"
        hs.message = condition.message
        return hs
      end
    end
  end
end

hs.status = "Progressing"
hs.message = "Waiting for it"
return hs
"#,
        &[
            ("{}", "Progressing Waiting for it"),
            ("status: {}", "Progressing Waiting for it"),
            ("status: {conditions: []}", "Progressing Waiting for it"),
            ("status: {conditions: [{type: Ready, status: 'True', message: well}]}", "Healthy well"),
            (
                "status: {conditions: [{type: A}, {type: Ready, status: 'False', message: ill}]}",
                "Degraded ill",
            ),
            ("status: {conditions: [{type: Ready, status: 'True'}]}", "Healthy "),
        ],
    );
}

#[test]
fn numbers_in_messages_read_as_floats_print() {
    check(
        r#"
local hs = { status = "Progressing" }
local ready, wanted = obj.status.ready or 0, obj.spec.replicas
hs.message = ready .. "/" .. wanted .. " (" .. ready / wanted * 100 .. "%)"
if ready == wanted then hs.status = "Healthy" end
return hs
"#,
        &[
            ("{spec: {replicas: 4}, status: {ready: 4}}", "Healthy 4/4 (100%)"),
            ("{spec: {replicas: 4}, status: {ready: 1}}", "Progressing 1/4 (25%)"),
            ("{spec: {replicas: 3}, status: {}}", "Progressing 0/3 (0%)"),
            ("{spec: {replicas: 0}, status: {ready: 0}}", "Healthy 0/0 (NaN%)"),
            ("{spec: {replicas: 0.5}, status: {ready: 2}}", "Progressing 2/0.5 (400%)"),
            ("{spec: {replicas: 8}, status: {ready: 1}}", "Progressing 1/8 (12.5%)"),
        ],
    );
}

#[test]
fn numbers_of_objects_are_floats_too() {
    for (expression, expect) in [
        ("10 % obj.spec.zero", "NaN"),
        ("obj.spec.big * 4", "1.8446744073709552e+19"),
        ("tonumber('4611686018427387904') * 4 == 2 ^ 64", "true"),
        ("({ 'a', 'b', 'c' })[obj.spec.zero + 2]", "b"),
        ("#'four' / 2", "2"),
        ("string.rep('x', 6 / 2) .. string.sub('abcdef', 4 / 2, 8 / 2)", "xxxbcd"),
    ] {
        let script = format!("return {{ status = 'Healthy', message = tostring({expression}) }}");
        let object = "spec: {zero: 0, big: 4611686018427387904}";
        assert_eq!(told(&script, object), format!("Healthy {expect}"), "{expression}");
    }
}

#[test]
fn expressions_come_out_as_recorded() {
    let rows = include_str!("recorded.txt").lines().filter(|line| !line.starts_with('#'));
    let mut wrong = Vec::new();
    for (expression, expect) in rows.filter_map(|line| line.split_once("\t=> ")) {
        let got = told(&format!("return {{ status = 'Healthy', message = tostring({expression}) }}"), "{}");
        if got != format!("Healthy {expect}") {
            wrong.push(format!("{expression}: {expect:?}, ours {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lists_are_counted_in_every_way_people_know() {
    check(
        r#"
local ready, total, names = 0, table.getn(obj.status.parts), {}
for i = 1, #obj.status.parts do
  if obj.status.parts[i].ready then ready = ready + 1 else table.insert(names, obj.status.parts[i].name) end
end
local again = 0
for _, part in pairs(obj.status.parts) do if part.ready == true then again = again + 1 end end
table.sort(names)
if ready == total and ready == again then return { status = "Healthy", message = total .. " parts" } end
return { status = "Progressing", message = "waiting for " .. table.concat(names, ", ") .. " of " .. total }
"#,
        &[
            ("status: {parts: [{ready: true}, {ready: true}]}", "Healthy 2 parts"),
            (
                "status: {parts: [{name: b, ready: false}, {name: a}, {ready: true}]}",
                "Progressing waiting for a, b of 3",
            ),
            ("status: {parts: []}", "Healthy 0 parts"),
            ("status: {}", "error: <string>:2: bad argument #1 to getn (table expected, got nil)"),
        ],
    );
}

#[test]
fn maps_are_walked_in_one_order_and_counted_by_hand() {
    check(
        r#"
local function size(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
local text = ""
for name, state in pairs(obj.status.byName or {}) do text = text .. name .. "=" .. tostring(state) .. ";" end
return { status = size(obj.status.byName or {}) > 1 and "Healthy" or "Progressing", message = text }
"#,
        &[
            ("status: {byName: {c: 1, a: true, b: x}}", "Healthy a=true;b=x;c=1;"),
            ("status: {byName: {}}", "Progressing "),
            ("status: {}", "Progressing "),
        ],
    );
}

#[test]
fn annotations_and_labels_by_their_whole_name() {
    check(
        r#"
local annotations = obj.metadata.annotations
if annotations and annotations["example.org/pause"] == "true" then
  return { status = "Suspended", message = "paused by " .. (annotations["example.org/by"] or "somebody") }
end
if obj.metadata.labels == nil or obj.metadata.labels["app.kubernetes.io/name"] == nil then
  return { status = "Degraded", message = "no label" }
end
return { status = "Healthy" }
"#,
        &[
            ("metadata: {annotations: {example.org/pause: 'true'}}", "Suspended paused by somebody"),
            (
                "metadata: {annotations: {example.org/pause: 'true', example.org/by: me}}",
                "Suspended paused by me",
            ),
            ("metadata: {annotations: {}, labels: {a: b}}", "Degraded no label"),
            ("metadata: {labels: {app.kubernetes.io/name: x}}", "Healthy "),
        ],
    );
}

#[test]
fn generations_are_compared_also_where_one_is_missing() {
    let script = r#"
if obj.status == nil or obj.status.observedGeneration == nil or obj.status.observedGeneration < obj.metadata.generation then
  return { status = "Progressing", message = "observed " .. tostring(obj.status and obj.status.observedGeneration) }
end
if obj.metadata.generation ~= obj.status.observedGeneration then return { status = "Unknown" } end
return { status = "Healthy", message = string.format("generation %d", obj.metadata.generation) }
"#;
    check(
        script,
        &[
            ("metadata: {generation: 2}", "Progressing observed nil"),
            ("{metadata: {generation: 2}, status: {observedGeneration: 1}}", "Progressing observed 1"),
            ("{metadata: {generation: 2}, status: {observedGeneration: 2}}", "Healthy generation 2"),
            ("{metadata: {generation: 2}, status: {observedGeneration: 3}}", "Unknown "),
            ("{status: {observedGeneration: 3}}", "error: <string>:2: attempt to compare number with nil"),
        ],
    );
}

#[test]
fn text_is_taken_apart() {
    check(
        r#"
function split(text, separator)
  local parts = {}
  for part in string.gmatch(text, "([^" .. separator .. "]+)") do parts[#parts + 1] = part end
  return parts
end
local parts = split(obj.spec.image, ":")
local major, minor = string.match(parts[2] or "", "^v?(%d+)%.(%d+)")
if major == nil then return { status = "Unknown", message = "no version in " .. obj.spec.image } end
local found = string.find(obj.spec.image, "registry.example.org/", 1, true)
if tonumber(major) >= 2 and tonumber(minor) ~= 0 and found == 1 then
  return { status = "Healthy", message = string.upper(string.sub(parts[1], -3)) .. " " .. major + minor }
end
return { status = "Degraded", message = (string.gsub(parts[1], "%W", "_")) }
"#,
        &[
            ("spec: {image: 'registry.example.org/tea:v2.10.1'}", "Healthy TEA 12"),
            ("spec: {image: 'other/tea:1.2'}", "Degraded other_tea"),
            ("spec: {image: tea}", "Unknown no version in tea"),
        ],
    );
}

#[test]
fn the_time_since_something_is_computed() {
    check(
        r#"
local pattern = "(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)Z"
local year, month, day, hour, min, sec = obj.status.startedAt:match(pattern)
local started = os.time({ year = year, month = month, day = day, hour = hour, min = min, sec = sec })
local age = os.difftime(os.time(), started)
if age > 3600 then return { status = "Degraded", message = "running for " .. age / 60 .. " minutes at " .. os.date("!%Y-%m-%dT%TZ") } end
return { status = "Progressing", message = age .. " s since " .. os.date("!%H:%M", started) }
"#,
        &[
            (
                "status: {startedAt: '2030-01-01T10:30:00Z'}",
                "Degraded running for 90 minutes at 2030-01-01T12:00:00Z",
            ),
            ("status: {startedAt: '2030-01-01T11:59:30Z'}", "Progressing 30 s since 11:59"),
        ],
    );
}

#[test]
fn helpers_closures_and_early_returns() {
    check(
        r#"
local health_status = {}
local status_of = {
  Running = "Healthy", Failed = "Degraded", Paused = "Suspended",
}
local function condition(kind)
  for _, c in ipairs((obj.status or {}).conditions or {}) do
    if c.type == kind then return c end
  end
end
local function is(kind) local c = condition(kind); return c ~= nil and c.status == "True" end;
if is("Stalled") then
  health_status.status, health_status.message = "Degraded", condition("Stalled").reason
elseif not (obj.status and obj.status.phase) then
  health_status.status = "Progressing"; health_status.message = [[no phase
yet]]
else
  health_status.status = status_of[obj.status.phase] or "Progressing"
  health_status.message = ("phase is %s"):format(obj.status.phase)
end
do return health_status end
error("never reached")
"#,
        &[
            ("{}", "Progressing no phase\nyet"),
            ("status: {phase: Running}", "Healthy phase is Running"),
            ("status: {phase: Odd}", "Progressing phase is Odd"),
            (
                "status: {phase: Paused, conditions: [{type: Stalled, status: 'True', reason: Lost}]}",
                "Degraded Lost",
            ),
        ],
    );
}

#[test]
fn nested_loops_with_break_and_repeat() {
    check(
        r#"
local worst, i = "Healthy", 0
for _, group in ipairs(obj.status.groups) do
  local found = false
  for _, member in ipairs(group.members or {}) do
    if member == "bad" then found = true; break end
  end
  if found then worst = "Degraded" break end
end
repeat local done = i >= 3; i = i + 1 until done
while i > 0 do i = i - 1 end
for n = 3, 1, -1 do i = i + n end
return { status = worst, message = "i is " .. i }
"#,
        &[
            ("status: {groups: [{members: [a, b]}, {}]}", "Healthy i is 6"),
            ("status: {groups: [{members: [a, bad]}, {members: [b]}]}", "Degraded i is 6"),
        ],
    );
}

#[test]
fn answers_of_every_shape() {
    for (script, expect) in [
        ("return {}", "nothing"),
        ("return nil", "nothing"),
        ("local x = 1", "nothing"),
        ("return { status = 'Healthy' }", "Healthy "),
        ("return { Status = 'Healthy', Message = 'm' }", "Healthy m"),
        ("return { status = 'healthy' }", "Unknown Lua returned an invalid health status"),
        ("return { message = 'm' }", "Unknown Lua returned an invalid health status"),
        ("return 'Healthy'", "error: expect table output from Lua script, not string"),
        ("return { status = 'Healthy', message = 5 }", "error: the script's message must be a string, not 5"),
        ("return 1, { status = 'Missing', message = 'last' }", "Missing last"),
        ("return { status = 'Healthy', message = 'a', other = { 1, 2 } }", "Healthy a"),
        ("syntax error here", "error: <string>:1: syntax error near 'error'"),
        (
            "return obj.status.phase.name",
            "error: <string>:1: attempt to index a non-table object(nil) with key 'phase'",
        ),
        (
            "for _, c in ipairs(obj.status) do end",
            "error: <string>:1: bad argument #1 to ipairs (table expected, got nil)",
        ),
    ] {
        assert_eq!(told(script, "{}"), expect, "{script}");
    }
}

#[test]
fn what_older_lua_had_is_there() {
    let says = |script: &str| {
        told(
            &format!(
                "local r = {{}} {script} return {{ status = 'Healthy', message = table.concat(r, ' ') }}"
            ),
            "{}",
        )
    };
    for (script, expect) in [
        ("for w in string.gfind('a b', '%a') do r[#r + 1] = w end", "a b"),
        ("table.foreachi({ 'x', 'y' }, function(i, v) r[i] = i .. v end)", "1x 2y"),
        ("table.foreach({ a = 1 }, function(k, v) r[1] = k .. v end)", "a1"),
        ("r = { unpack({ 'a', 'b', 'c' }, 2) }", "b c"),
        ("local function f(...) return select('#', ...) end r[1] = f(nil, nil)", "2"),
        ("r[1] = table.maxn({ 1, 2, [9] = 3 })", "9"),
        ("r[1] = math.mod(9, 4)", "1"),
        ("r[1] = math.ldexp(1, 4)", "16"),
        ("r[1] = tostring(_VERSION)", "Lua 5.1"),
        ("r[1] = type(print) print('not seen')", "function"),
    ] {
        assert_eq!(says(script), format!("Healthy {expect}"), "{script}");
    }
}
