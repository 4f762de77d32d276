//! Helm's flags, read as Helm reads them.

use std::collections::BTreeMap;

/// How a flag's values are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `--flag`, `--flag=true`.
    Bool,
    /// One value; the last counts.
    Text,
    /// A value each time.
    Array,
    /// Values with commas between, each time.
    Slice,
    /// As `Text`, and this without a value.
    Optional(&'static str),
}

struct Flag {
    name: &'static str,
    short: Option<char>,
    kind: Kind,
}

const fn flag(name: &'static str, kind: Kind) -> Flag {
    Flag { name, short: None, kind }
}

const fn short(name: &'static str, short: char, kind: Kind) -> Flag {
    Flag { name, short: Some(short), kind }
}

use Kind::{Array, Bool, Optional, Slice, Text};

/// The flags of `helm template` 4.3.1 and 3.17.2 together, global ones included.
const FLAGS: [Flag; 82] = [
    short("api-versions", 'a', Slice),
    flag("atomic", Bool),
    flag("ca-file", Text),
    flag("cert-file", Text),
    flag("create-namespace", Bool),
    flag("dependency-update", Bool),
    flag("description", Text),
    flag("devel", Bool),
    flag("disable-openapi-validation", Bool),
    flag("dry-run", Optional("unset")),
    flag("enable-dns", Bool),
    flag("force", Bool),
    flag("force-conflicts", Bool),
    flag("force-replace", Bool),
    short("generate-name", 'g', Bool),
    short("help", 'h', Bool),
    flag("hide-notes", Bool),
    flag("include-crds", Bool),
    flag("insecure-skip-tls-verify", Bool),
    flag("is-upgrade", Bool),
    flag("key-file", Text),
    flag("keyring", Text),
    flag("kube-version", Text),
    short("labels", 'l', Slice),
    flag("name-template", Text),
    flag("no-hooks", Bool),
    flag("output-dir", Text),
    flag("pass-credentials", Bool),
    flag("password", Text),
    flag("plain-http", Bool),
    flag("post-renderer", Text),
    flag("post-renderer-args", Array),
    flag("release-name", Bool),
    flag("render-subchart-notes", Bool),
    flag("replace", Bool),
    flag("repo", Text),
    flag("rollback-on-failure", Bool),
    flag("server-side", Bool),
    flag("set", Array),
    flag("set-file", Array),
    flag("set-json", Array),
    flag("set-literal", Array),
    flag("set-string", Array),
    short("show-only", 's', Array),
    flag("skip-crds", Bool),
    flag("skip-schema-validation", Bool),
    flag("skip-tests", Bool),
    flag("take-ownership", Bool),
    flag("timeout", Text),
    flag("username", Text),
    flag("validate", Bool),
    short("values", 'f', Slice),
    flag("verify", Bool),
    flag("version", Text),
    flag("wait", Optional("watcher")),
    flag("wait-for-jobs", Bool),
    // helm lint and helm show
    flag("quiet", Bool),
    flag("strict", Bool),
    flag("with-subcharts", Bool),
    flag("jsonpath", Text),
    // global
    flag("burst-limit", Text),
    flag("color", Text),
    flag("colour", Text),
    flag("content-cache", Text),
    flag("debug", Bool),
    flag("kube-apiserver", Text),
    flag("kube-as-group", Array),
    flag("kube-as-user", Text),
    flag("kube-ca-file", Text),
    flag("kube-context", Text),
    flag("kube-insecure-skip-tls-verify", Bool),
    flag("kube-tls-server-name", Text),
    flag("kube-token", Text),
    flag("kubeconfig", Text),
    short("namespace", 'n', Text),
    flag("qps", Text),
    flag("registry-config", Text),
    flag("repository-cache", Text),
    flag("repository-config", Text),
    // ours
    flag("dialect", Text),
    flag("now", Text),
    flag("seed", Text),
];

/// A flag as it was given.
#[derive(Debug)]
pub(crate) struct Given {
    /// Its long name.
    pub(crate) name: &'static str,
    /// The letter that was written instead of the name.
    pub(crate) letter: Option<char>,
    /// The value as it was written.
    pub(crate) value: String,
    /// The flag as messages show it.
    pub(crate) shown: String,
}

/// A parsed command line.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    values: BTreeMap<&'static str, Vec<String>>,
    given: Vec<Given>,
    /// What is no flag, in order.
    pub(crate) positional: Vec<String>,
}

impl Flags {
    /// Reads arguments; flags and others may be mixed, `--` ends the flags.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut flags = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                flags.positional.extend(rest.by_ref().cloned());
            } else if let Some(long) = argument.strip_prefix("--") {
                flags.long(long, &mut rest)?;
            } else if argument.len() > 1 && argument.starts_with('-') {
                flags.shorts(argument, &mut rest)?;
            } else {
                flags.positional.push(argument.clone());
            }
        }
        Ok(flags)
    }

    fn long<'a>(&mut self, text: &str, rest: &mut impl Iterator<Item = &'a String>) -> Result<(), String> {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let Some(flag) = FLAGS.iter().find(|flag| flag.name == name) else {
            return Err(format!("unknown flag: --{name}"));
        };
        let value = match (flag.kind, value) {
            (_, Some(value)) => value.to_owned(),
            (Bool, None) => "true".to_owned(),
            (Optional(value), None) => value.to_owned(),
            (_, None) => rest.next().cloned().ok_or_else(|| format!("flag needs an argument: --{name}"))?,
        };
        self.add(flag, None, value)
    }

    fn shorts<'a>(
        &mut self,
        argument: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), String> {
        let mut letters = argument.chars();
        letters.next();
        while let Some(letter) = letters.next() {
            let Some(flag) = FLAGS.iter().find(|flag| flag.short == Some(letter)) else {
                return Err(format!("unknown shorthand flag: {letter:?} in {argument}"));
            };
            let tail = letters.as_str();
            if let Some(value) = tail.strip_prefix('=') {
                return self.add(flag, Some(letter), value.to_owned());
            }
            if flag.kind == Bool {
                self.add(flag, Some(letter), "true".to_owned())?;
                continue;
            }
            let value = match tail {
                "" => rest
                    .next()
                    .cloned()
                    .ok_or_else(|| format!("flag needs an argument: {letter:?} in {argument}"))?,
                tail => tail.to_owned(),
            };
            return self.add(flag, Some(letter), value);
        }
        Ok(())
    }

    fn add(&mut self, flag: &Flag, letter: Option<char>, value: String) -> Result<(), String> {
        let shown = match flag.short {
            Some(letter) => format!("-{letter}, --{}", flag.name),
            None => format!("--{}", flag.name),
        };
        let written = value.clone();
        let values = self.values.entry(flag.name).or_default();
        match flag.kind {
            Bool => {
                let truth = truth(&value).ok_or_else(|| {
                    format!("invalid argument {value:?} for {shown:?} flag: strconv.ParseBool: parsing {value:?}: invalid syntax")
                })?;
                *values = vec![truth.to_string()];
            }
            Text | Optional(_) => *values = vec![value],
            Array => values.push(value),
            Slice => values.extend(record(&value)),
        }
        self.given.push(Given { name: flag.name, letter, value: written, shown });
        Ok(())
    }

    /// The flags in the order given.
    pub(crate) fn given(&self) -> &[Given] {
        &self.given
    }

    /// Whether a flag is on.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// A flag's last value.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.last().map(String::as_str)
    }

    /// All of a flag's values.
    pub(crate) fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }
}

/// Go's `strconv.ParseBool`.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// One record of comma-separated values; `"…"` keeps commas.
fn record(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut fields = vec![String::new()];
    let (mut quoted, mut chars) = (false, text.chars().peekable());
    while let Some(c) = chars.next() {
        let is_empty = fields.last().is_some_and(String::is_empty);
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                fields.last_mut().into_iter().for_each(|field| field.push('"'));
            }
            '"' if quoted || is_empty => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().into_iter().for_each(|field| field.push(c)),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Flags, String> {
        Flags::parse(&arguments.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn as_pflag_reads_them() {
        let flags = parse(&[
            "template",
            "-nx",
            "rel",
            "--set=a=b",
            "--set",
            "c,d=e",
            "-f",
            "a,b",
            "-f=c",
            "-g",
            "--dry-run",
            ".",
        ])
        .unwrap();
        assert_eq!(flags.positional, ["template", "rel", "."]);
        assert_eq!(flags.text("namespace"), Some("x"));
        assert_eq!(flags.all("set"), ["a=b", "c,d=e"]);
        assert_eq!(flags.all("values"), ["a", "b", "c"]);
        assert!(flags.is_set("generate-name"));
        assert_eq!(flags.text("dry-run"), Some("unset"));
        assert_eq!(parse(&["--", "-x"]).unwrap().positional, ["-x"]);
        assert_eq!(parse(&["--nope"]).unwrap_err(), "unknown flag: --nope");
        assert_eq!(parse(&["-z"]).unwrap_err(), "unknown shorthand flag: 'z' in -z");
        assert_eq!(parse(&["--set"]).unwrap_err(), "flag needs an argument: --set");
        assert_eq!(record("a,\"b,\"\"c\",d"), ["a", "b,\"c", "d"]);
    }
}
