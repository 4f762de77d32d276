//! Random sequences of requests.

use tautline_core::{Value, value};

/// Which kind of objects a sequence is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ConfigMaps: flat maps of text.
    ConfigMap,
    /// Deployments: defaults, validation, lists of maps.
    Deployment,
}

/// The version that a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// None.
    None,
    /// The first that was seen of the name.
    First,
    /// The last that was seen.
    Last,
}

/// A request, with `NAMESPACE` for where it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path with its query.
    pub path: String,
    /// The type of the body, or that of the answer which a GET asks for; empty for none.
    pub media: &'static str,
    /// The body; null for none.
    pub body: Value,
    /// The object's name; empty for a list.
    pub name: String,
    /// The version that the body names.
    pub version: Version,
    /// Who writes.
    pub manager: &'static str,
    /// Whether an apply is forced.
    pub force: bool,
}

/// Numbers that look random and are always the same: xorshift.
pub(super) struct Dice(u64);

impl Dice {
    /// The dice of a number.
    pub(super) fn new(number: u64) -> Self {
        let mut dice = Self(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        // The first rolls of neighbours are alike.
        for _ in 0..16 {
            dice.roll(2);
        }
        dice
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.roll(all.len())).copied()
    }
}

/// The requests of a number.
pub fn sequence(number: u64, kind: Kind, length: usize) -> Vec<Request> {
    let mut dice = Dice::new(number);
    (0..length).map(|_| request(&mut dice, kind)).collect()
}

fn request(dice: &mut Dice, kind: Kind) -> Request {
    let name = dice.of(&["a", "b"]).unwrap_or("a");
    let manager = dice.of(&["one", "two", "three"]).unwrap_or("one");
    let base = match kind {
        Kind::ConfigMap => "/api/v1/namespaces/NAMESPACE/configmaps",
        Kind::Deployment => "/apis/apps/v1/namespaces/NAMESPACE/deployments",
    };
    let one = format!("{base}/{name}");
    let by = format!("fieldManager={manager}");
    let force = dice.roll(3) == 0;
    let version =
        dice.of(&[Version::None, Version::Last, Version::Last, Version::First]).unwrap_or(Version::None);
    let asked = |method, path: String, media, body: Value, version| Request {
        method,
        path,
        media,
        body,
        name: name.to_owned(),
        version,
        manager,
        force,
    };
    const JSON: &str = "application/json";
    match dice.roll(12) {
        0 | 1 => asked("POST", format!("{base}?{by}"), JSON, object(dice, kind, name), Version::None),
        2 | 3 => asked("PUT", format!("{one}?{by}"), JSON, object(dice, kind, name), version),
        4 => asked("GET", one, "", Value::Null, Version::None),
        5 => Request { name: String::new(), ..asked("GET", base.to_owned(), "", Value::Null, Version::None) },
        6 => asked("DELETE", one, "", Value::Null, Version::None),
        7 => {
            let patch = merge_patch(dice, kind);
            asked("PATCH", format!("{one}?{by}"), "application/merge-patch+json", patch, Version::None)
        }
        8 => {
            let patch = json_patch(dice, kind);
            asked("PATCH", format!("{one}?{by}"), "application/json-patch+json", patch, Version::None)
        }
        _ => {
            let path = format!("{one}?{by}&force={force}");
            let version = if dice.roll(6) == 0 { version } else { Version::None };
            asked("PATCH", path, "application/apply-patch+yaml", partly(dice, kind, name), version)
        }
    }
}

fn data(dice: &mut Dice) -> Value {
    let mut data = Value::map();
    for key in ["x", "y", "z"] {
        if let (true, Some(map)) = (dice.roll(2) == 0, data.as_map_mut()) {
            map.insert(key, dice.of(&["1", "2"]).unwrap_or("1"));
        }
    }
    // Who owns an empty map is more than the reference knows.
    if let Some(map) = data.as_map_mut().filter(|map| map.is_empty()) {
        map.insert("x", "1");
    }
    data
}

fn container(dice: &mut Dice) -> Value {
    let mut container = value!({ "name": "c", "image": dice.of(&["i:1", "i:2"]).unwrap_or("i:1") });
    if let (0, Some(map)) = (dice.roll(2), container.as_map_mut()) {
        let name = dice.of(&["A", "B"]).unwrap_or("A");
        map.insert("env", value!([{ "name": name, "value": dice.of(&["1", "2"]).unwrap_or("1") }]));
    }
    container
}

/// A whole object.
fn object(dice: &mut Dice, kind: Kind, name: &str) -> Value {
    match kind {
        Kind::ConfigMap => {
            value!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data(dice) })
        }
        Kind::Deployment => {
            value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
            "spec": { "replicas": i64::try_from(dice.roll(3)).unwrap_or(0) - i64::from(dice.roll(9) == 0) * 3,
                "selector": { "matchLabels": { "app": dice.of(&["a", "a", "a", "b"]).unwrap_or("a") } },
                "template": { "metadata": { "labels": { "app": "a" } }, "spec": { "containers": [container(dice)] } } } })
        }
    }
}

/// What a manager applies: of a Deployment sometimes a part.
fn partly(dice: &mut Dice, kind: Kind, name: &str) -> Value {
    if kind == Kind::ConfigMap || dice.roll(2) == 0 {
        return object(dice, kind, name);
    }
    value!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": { "replicas": i64::try_from(dice.roll(3)).unwrap_or(0) } })
}

fn merge_patch(dice: &mut Dice, kind: Kind) -> Value {
    match kind {
        Kind::ConfigMap => match dice.roll(3) {
            0 => value!({ "data": { "x": null } }),
            _ => value!({ "data": data(dice) }),
        },
        Kind::Deployment => match dice.roll(3) {
            0 => value!({ "spec": { "paused": dice.roll(2) == 0 } }),
            1 => value!({ "metadata": { "labels": { "l": dice.of(&["1", "2"]).unwrap_or("1") } } }),
            _ => value!({ "spec": { "replicas": i64::try_from(dice.roll(4)).unwrap_or(0) } }),
        },
    }
}

fn json_patch(dice: &mut Dice, kind: Kind) -> Value {
    let path = match kind {
        Kind::ConfigMap => dice.of(&["/data/x", "/data/y"]).unwrap_or("/data/x"),
        Kind::Deployment => {
            dice.of(&["/spec/template/spec/containers/0/image", "/metadata/labels"]).unwrap_or_default()
        }
    };
    let value = if path == "/metadata/labels" { value!({ "m": "1" }) } else { Value::from("i:3") };
    match dice.roll(4) {
        0 => value!([{ "op": "test", "path": path, "value": "1" }]),
        1 => value!([{ "op": "remove", "path": path }]),
        _ => value!([{ "op": "add", "path": path, "value": value }]),
    }
}
