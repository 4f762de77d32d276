//! Which names the API server takes, with its own messages (apimachinery 0.37, `util/validation`).
//!
//! Every check returns the messages of what is wrong: none means the name is valid.

/// A message that ends like the API server's: with examples and the regular expression.
fn regex_message(what: &str, regex: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{what} (e.g. {}regex used for validation is '{regex}')", examples.join(" or "))
}

/// The server says "characters" of names and "bytes" of label keys and values, and counts bytes for both.
fn too_long(max: usize, unit: &str) -> String {
    format!("must be no more than {max} {unit}")
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

fn is_label(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    edge(text.bytes().next())
        && edge(text.bytes().last())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// An RFC 1123 label: the name of a Namespace, a container or a port's host name part.
pub fn dns_label(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 63 {
        wrong.push(too_long(63, "characters"));
    }
    if !is_label(name) {
        let rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
                    and must start and end with an alphanumeric character";
        // The server matches the subdomain first and speaks of dots only if it is one.
        let dots = !name.is_empty() && name.split('.').all(is_label);
        wrong.push(if dots {
            "must not contain dots".to_owned()
        } else {
            regex_message(rule, LABEL, &["my-name", "123-abc"])
        });
    }
    wrong
}

/// An RFC 1123 subdomain: the name of most objects.
pub fn dns_subdomain(name: &str) -> Vec<String> {
    subdomain(name, "characters")
}

fn subdomain(name: &str, unit: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 253 {
        wrong.push(too_long(253, unit));
    }
    if !name.split('.').all(is_label) {
        let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
                    or '.', and must start and end with an alphanumeric character";
        wrong.push(regex_message(rule, &format!("{LABEL}(\\.{LABEL})*"), &["example.com"]));
    }
    wrong
}

/// An RFC 1035 label: the name of a Service before Kubernetes relaxed it, and of some ports.
pub fn dns_1035_label(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 63 {
        wrong.push(too_long(63, "characters"));
    }
    if !is_label(name) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let rule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with \
                    an alphabetic character, and end with an alphanumeric character";
        wrong.push(regex_message(rule, "[a-z]([-a-z0-9]*[a-z0-9])?", &["my-name", "abc-123"]));
    }
    wrong
}

const NAME_PART: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";

fn is_name_part(text: &str) -> bool {
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
    edge(text.bytes().next())
        && edge(text.bytes().last())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

/// The value of a label.
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if value.len() > 63 {
        wrong.push(too_long(63, "bytes"));
    }
    if !value.is_empty() && !is_name_part(value) {
        let rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                    '.', and must start and end with an alphanumeric character";
        wrong.push(regex_message(rule, &format!("({NAME_PART})?"), &["MyValue", "my_value", "12345"]));
    }
    wrong
}

/// The key of a label or annotation: a name, with a DNS subdomain and a slash before it or without.
pub fn qualified_name(name: &str) -> Vec<String> {
    let rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                alphanumeric character";
    let examples = ["MyName", "my.name", "123-abc"];
    let mut wrong = Vec::new();
    let part = match name.split_once('/') {
        None => name,
        Some((_, part)) if part.contains('/') => {
            let message = regex_message(rule, NAME_PART, &examples);
            return vec![format!(
                "a valid label key {message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some(("", part)) => {
            wrong.push("prefix part must be non-empty".to_owned());
            part
        }
        Some((prefix, part)) => {
            wrong.extend(subdomain(prefix, "bytes").iter().map(|message| format!("prefix part {message}")));
            part
        }
    };
    if part.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if part.len() > 63 {
        wrong.push(format!("name part {}", too_long(63, "bytes")));
    }
    if !is_name_part(part) {
        wrong.push(format!("name part {}", regex_message(rule, NAME_PART, &examples)));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names() {
        for name in ["a", "0", "my-name", "123-abc"] {
            assert_eq!((dns_label(name), dns_subdomain(name)), (vec![], vec![]), "{name}");
        }
        assert!(dns_subdomain("a.b-c.d").is_empty());
        assert!(dns_1035_label("a1").is_empty() && !dns_1035_label("1a").is_empty());
        assert!(label_value("").is_empty() && label_value("A_b.c").is_empty());
        assert!(qualified_name("example.com/MyName").is_empty() && qualified_name("x").is_empty());
    }

    #[test]
    fn messages() {
        assert_eq!(dns_label("a.b"), ["must not contain dots"]);
        assert_eq!(
            dns_label("A"),
            [
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
              start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
              validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            ]
        );
        assert_eq!(qualified_name("/x"), ["prefix part must be non-empty"]);
        assert_eq!(dns_subdomain(&"a".repeat(254)), ["must be no more than 253 characters"]);
        assert!(label_value("a b")[0].contains("'MyValue',  or 'my_value',  or '12345', regex"));
    }
}
