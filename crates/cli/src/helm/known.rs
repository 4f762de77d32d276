//! Which command of which Helm knows which flag, and what a flag's value must look like.

use tautline_helm::Dialect;

use super::flags::{Flags, Given};

/// Flags that Helm 3 does not have.
const NEW: [&str; 7] = [
    "color",
    "colour",
    "content-cache",
    "force-conflicts",
    "force-replace",
    "rollback-on-failure",
    "server-side",
];

/// Flags of other commands than `helm template`.
const NOT_OF_TEMPLATE: [&str; 4] = ["jsonpath", "quiet", "strict", "with-subcharts"];

/// Flags of `helm template` that `helm lint` has too, and those of its own.
const OF_LINT: [&str; 12] = [
    "kube-version",
    "quiet",
    "set",
    "set-file",
    "set-json",
    "set-literal",
    "set-string",
    "skip-schema-validation",
    "strict",
    "values",
    "with-subcharts",
    "help",
];

/// Flags of `helm show`.
const OF_SHOW: [&str; 15] = [
    "ca-file",
    "cert-file",
    "devel",
    "help",
    "insecure-skip-tls-verify",
    "jsonpath",
    "key-file",
    "keyring",
    "pass-credentials",
    "password",
    "plain-http",
    "repo",
    "username",
    "verify",
    "version",
];

/// Flags that every command has, ours included.
const GLOBAL: [&str; 23] = [
    "burst-limit",
    "color",
    "colour",
    "content-cache",
    "debug",
    "kube-apiserver",
    "kube-as-group",
    "kube-as-user",
    "kube-ca-file",
    "kube-context",
    "kube-insecure-skip-tls-verify",
    "kube-tls-server-name",
    "kube-token",
    "kubeconfig",
    "namespace",
    "qps",
    "registry-config",
    "repository-cache",
    "repository-config",
    "help",
    "dialect",
    "now",
    "seed",
];

/// Refuses flags that this command of this Helm does not know, and values that it would not read.
pub(super) fn check(command: &str, flags: &Flags, dialect: Dialect) -> Result<(), String> {
    for given in flags.given() {
        let name = given.name;
        let of_command = match command {
            "lint" => OF_LINT.contains(&name),
            "show" | "inspect" => OF_SHOW.contains(&name),
            "template" => !NOT_OF_TEMPLATE.contains(&name),
            _ => true,
        };
        let is_known = of_command || GLOBAL.contains(&name);
        if !is_known || (dialect.is_helm3() && NEW.contains(&name)) {
            return Err(match given.letter {
                Some(letter) => format!("unknown shorthand flag: {letter:?} in -{letter}"),
                None => format!("unknown flag: --{name}"),
            });
        }
        if matches!(name, "color" | "colour") && !matches!(given.value.as_str(), "never" | "auto" | "always")
        {
            return Err(format!("invalid color mode {:?}: must be one of: never, auto, always", given.value));
        }
        value(given, dialect)
            .map_err(|why| format!("invalid argument {:?} for {:?} flag: {why}", given.value, given.shown))?;
    }
    Ok(())
}

fn value(given: &Given, dialect: Dialect) -> Result<(), String> {
    let value = given.value.as_str();
    let syntax = |function: &str| format!("strconv.{function}: parsing {value:?}: invalid syntax");
    match given.name {
        "burst-limit" if value.parse::<i64>().is_err() => Err(syntax("ParseInt")),
        "qps" if value.parse::<f32>().is_err() => Err(syntax("ParseFloat")),
        "timeout" if !is_duration(value) => Err(format!("time: invalid duration {value:?}")),
        "labels" => match value.split(',').find(|pair| !pair.contains('=')) {
            Some(pair) if !value.is_empty() => Err(format!("{pair} must be formatted as key=value")),
            _ => Ok(()),
        },
        "wait" => {
            let is_bool = super::flags::truth(value).is_some();
            match dialect {
                Dialect::Helm3 if !is_bool && value != "watcher" => Err(syntax("ParseBool")),
                Dialect::Helm4 if !matches!(value, "true" | "false" | "watcher" | "hookOnly" | "legacy") => {
                    Err(format!(
                        "invalid wait input {value:?}. Valid inputs are watcher, hookOnly, and legacy"
                    ))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Whether Go's `time.ParseDuration` reads a text.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let number = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let (digits, tail) = rest.split_at(number);
        let is_number = digits.matches('.').count() < 2 && digits.bytes().any(|b| b.is_ascii_digit());
        let unit =
            ["ns", "us", "µs", "μs", "ms", "s", "m", "h"].into_iter().find_map(|u| tail.strip_prefix(u));
        match unit {
            Some(next) if is_number => rest = next,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(command: &str, arguments: &[&str], dialect: Dialect) -> Result<(), String> {
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        check(command, &Flags::parse(&arguments)?, dialect)
    }

    #[test]
    fn flags_are_known_to_their_commands() {
        let refused = |command: &str, argument: &str, dialect, why: &str| {
            assert_eq!(checked(command, &[argument], dialect).unwrap_err(), why);
        };
        refused("template", "--strict", Dialect::Helm4, "unknown flag: --strict");
        refused("template", "--server-side", Dialect::Helm3, "unknown flag: --server-side");
        refused("lint", "--include-crds", Dialect::Helm4, "unknown flag: --include-crds");
        refused("show", "--set=a=b", Dialect::Helm4, "unknown flag: --set");
        refused("show", "-fx", Dialect::Helm4, "unknown shorthand flag: 'f' in -f");
        let wait = "invalid argument \"x\" for \"--wait\" flag: ";
        let inputs = "invalid wait input \"x\". Valid inputs are watcher, hookOnly, and legacy";
        refused("template", "--wait=x", Dialect::Helm4, &format!("{wait}{inputs}"));
        let labels = "invalid argument \"a\" for \"-l, --labels\" flag: a must be formatted as key=value";
        refused("template", "--labels=a", Dialect::Helm4, labels);
        for fine in ["--debug", "--timeout=1h2.5m", "--qps=1.5", "--wait", "-nx", "--labels=a=b,c=d"] {
            assert_eq!(checked("template", &[fine], Dialect::Helm4), Ok(()), "{fine}");
        }
        assert!(checked("template", &["--timeout=1x"], Dialect::Helm3).is_err());
    }
}
