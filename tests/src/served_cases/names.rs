//! What has another name in each run: uids, versions, allocated addresses, tokens, times.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

/// The hour in which cases begin on an embedded server. It is before the recording's 2030, as the real server's was: what
/// a request brings along of that year is later than anything the server writes itself.
const EMBEDDED_HOUR: &str = "2026-01-01T00:";
/// The same in seconds since 1970.
pub(super) const EMBEDDED_START: i64 = 1_767_225_600;

/// What in a recorded text stands for something that differs from run to run.
static PLACEHOLDERS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r"(?P<uid>00000000-0000-4000-8000-\d{12})",
        r"|(?P<address>10\.96\.100\.\d+)",
        r"|(?P<token>continue-\d+)",
        r"|(?P<time>2030-01-01T00:00:\d\dZ)",
        r"|(?P<told><(?:asked|oldest|current|hash)>)",
        r"|(?P<suffix>x{4}[x\d])",
        r#"|(?P<version>(?:resourceVersion\\*":\\*"|resourceVersion: "|ResourceVersion in record \()(?P<number>\d+))"#,
    );
    Regex::new(pattern).expect("the pattern is a constant that every replay uses")
});

/// A version in a body: of an object, or the value of an operation on it.
static VERSIONS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern =
        r#"(?P<lead>(?:"resourceVersion"|"path": ?"[^"]*/resourceVersion", ?"value"): ?")(?P<number>\d+)""#;
    Regex::new(pattern).expect("the pattern is a constant that every replay uses")
});

/// A node port in a body.
static PORTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?P<lead>"nodePort": ?)(?P<port>\d+)"#)
        .expect("the pattern is a constant that every replay uses")
});

/// Which name here stands for which recorded one.
#[derive(Debug)]
pub(super) struct Names {
    /// What `demo` is called here.
    scratch: String,
    here: HashMap<String, String>,
    recorded: HashMap<String, String>,
    /// Recorded seconds that lasted longer here, and what they were before: the runner waited within them.
    stretched: HashMap<String, Vec<String>>,
    waited: bool,
}

impl Names {
    pub(super) fn new(scratch: String) -> Self {
        let (here, recorded, stretched) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { scratch, here, recorded, stretched, waited: false }
    }

    /// Notes that a second went by here which did not go by in the recording: a real server's clock goes on while one
    /// waits for it.
    pub(super) fn note_wait(&mut self) {
        self.waited = true;
    }

    /// A recorded text as it is sent here.
    pub(super) fn text(&self, text: &str) -> String {
        let known = PLACEHOLDERS.replace_all(text, |found: &regex::Captures<'_>| {
            let whole = &found[0];
            if found.name("time").is_some() {
                return whole.to_owned();
            }
            self.here.get(whole).cloned().unwrap_or_else(|| whole.to_owned())
        });
        self.placed(&known)
    }

    /// A recorded path with its query as it is sent here.
    pub(super) fn url(&self, url: &str) -> String {
        let Some((path, query)) = url.split_once('?') else { return self.text(url) };
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((key @ "resourceVersion", value)) => format!("{key}={}", self.version(value)),
                _ => self.text(pair),
            })
            .collect();
        format!("{}?{}", self.text(path), pairs.join("&"))
    }

    /// A recorded body, in JSON, as it is sent here. Times stay: those of an answer that is sent back were sent as they
    /// stand in the recording, years ahead of the server's own.
    pub(super) fn body(&self, body: &str) -> String {
        let known = VERSIONS.replace_all(body, |found: &regex::Captures<'_>| {
            let (lead, number) = (&found["lead"], &found["number"]);
            format!("{lead}{}\"", self.version(number))
        });
        let known = PORTS.replace_all(&known, |found: &regex::Captures<'_>| {
            let (lead, port) = (&found["lead"], &found["port"]);
            let known = port.parse().ok().and_then(|port| self.here.get(&port_name(port)));
            format!("{lead}{}", known.map_or(port, String::as_str))
        });
        self.text(&known)
    }

    fn version(&self, recorded: &str) -> String {
        self.here.get(&version_name(recorded)).cloned().unwrap_or_else(|| recorded.to_owned())
    }

    /// An answer's text with `demo` again for the scratch namespace.
    pub(super) fn as_recorded(&self, text: &str) -> String {
        // The embedded server's hour is that of the recording, years earlier.
        let text = text.replace(EMBEDDED_HOUR, "2030-01-01T00:");
        if self.scratch == "demo" { text } else { text.replace(&self.scratch, "demo") }
    }

    fn placed(&self, text: &str) -> String {
        if self.scratch == "demo" { text.to_owned() } else { text.replace("demo", &self.scratch) }
    }

    /// Whether two resource versions can be the same one.
    pub(super) fn same_version(&mut self, recorded: &str, here: &str) -> bool {
        recorded == "latest"
            || recorded == here && recorded.len() > 6
            || self.bind(version_name(recorded), here)
    }

    /// Whether two allocated ports can be the same one.
    pub(super) fn same_port(&mut self, recorded: i64, here: i64) -> bool {
        recorded == here
            || (31000..31100).contains(&recorded) && self.bind(port_name(recorded), &here.to_string())
    }

    /// Whether two texts are equal but for what differs from run to run. Times must be equal to the second where
    /// the server's clock is ours to set.
    pub(super) fn same_text(&mut self, recorded: &str, here: &str, keeps_time: bool) -> bool {
        let is_free = || PLACEHOLDERS.captures_iter(recorded).any(|found| found.name("time").is_none());
        // A time that a request brought along is the same here.
        if recorded == here && (keeps_time || !is_free()) {
            return true;
        }
        let mut pattern = String::from("^");
        let mut kinds = Vec::new();
        let mut last = 0;
        for found in PLACEHOLDERS.captures_iter(recorded) {
            let Some(whole) = found.get(0) else { continue };
            pattern.push_str(&regex::escape(&recorded[last..whole.start()]));
            let of = |name: &str| found.name(name).is_some();
            if let Some(number) = found.name("number") {
                // A version within an object that a message quotes.
                pattern.push_str(&regex::escape(&recorded[whole.start()..number.start()]));
                pattern.push_str(r"(\d+)");
                kinds.push((version_name(number.as_str()), true, false));
                last = whole.end();
                continue;
            }
            pattern.push_str(match () {
                () if of("uid") => "([0-9a-f-]{36})",
                () if of("address") => r"([0-9.]+)",
                () if of("time") && keeps_time => r"(2030-01-01T00:00:\d\dZ)",
                () if of("time") => r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)",
                () if of("suffix") => "([a-z0-9]{5})",
                () => r#"([^ ()]+)"#,
            });
            let bound =
                !(of("told") || of("suffix") && whole.as_str() == "xxxxx" || of("time") && keeps_time);
            kinds.push((whole.as_str().to_owned(), bound, of("time") && keeps_time));
            last = whole.end();
        }
        pattern.push_str(&regex::escape(&recorded[last..]));
        pattern.push('$');
        let Ok(pattern) = Regex::new(&pattern) else { return false };
        let Some(found) = pattern.captures(here) else { return false };
        kinds.iter().zip(found.iter().skip(1).flatten()).all(|((recorded, bound, literal), here)| {
            (!literal || recorded == here.as_str()) && (!bound || self.bind(recorded.clone(), here.as_str()))
        })
    }

    /// Holds a recorded name and one here together, in both directions.
    fn bind(&mut self, recorded: String, here: &str) -> bool {
        let kind = recorded.split(':').next().unwrap_or_default().len();
        let back = format!("{kind}:{here}");
        match (self.here.get(&recorded), self.recorded.get(&back)) {
            (Some(known), _) if known == here => true,
            (Some(known), _) if recorded.starts_with("2030-") && self.waited => {
                // Later than all that this second was so far, or one of them.
                let before = self.stretched.entry(recorded.clone()).or_default();
                let is_known = before.iter().any(|time| time == here);
                if !is_known && here > known.as_str() {
                    before.push(known.clone());
                    self.here.insert(recorded, here.to_owned());
                    return true;
                }
                is_known
            }
            (Some(_), _) => false,
            (None, Some(_)) if recorded.starts_with("version:") || recorded.len() == 36 => false,
            (None, _) => {
                self.here.insert(recorded.clone(), here.to_owned());
                self.recorded.insert(back, recorded);
                true
            }
        }
    }
}

fn version_name(version: &str) -> String {
    format!("version:{version}")
}

fn port_name(port: i64) -> String {
    format!("port:{port}")
}
