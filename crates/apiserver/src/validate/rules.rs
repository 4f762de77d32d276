//! Rules that many fields share: names, numbers, quantities, ports, selectors.

use tautline_core::Value;
use tautline_grammar::{Quantity, names};

use super::at::At;

/// The detail of a number below zero.
pub(super) const NOT_NEGATIVE: &str = "must be greater than or equal to 0";
/// The detail of a field that may not change.
pub(super) const IMMUTABLE: &str = "field is immutable";

impl<'a> At<'a> {
    /// Not below zero.
    pub(super) fn not_negative(self) {
        if self.int().is_some_and(|n| n < 0) {
            self.invalid(NOT_NEGATIVE);
        }
    }

    /// Above zero, where it is set.
    pub(super) fn positive(self) {
        if self.int().is_some_and(|n| n <= 0) {
            self.invalid("must be greater than 0");
        }
    }

    /// Between two numbers, where it is set.
    pub(super) fn within(self, least: i64, most: i64) {
        if self.int().is_some_and(|n| n < least || n > most) {
            self.invalid(&format!("must be between {least} and {most}, inclusive"));
        }
    }

    /// A port number; what is not there is 0.
    pub(super) fn port_number(self) {
        if !(1..=65535).contains(&self.int().unwrap_or(0)) {
            let value = self.value().cloned().unwrap_or(Value::Int(0));
            self.invalid_value(value, "must be between 1 and 65535, inclusive");
        }
    }

    /// A port's number or name; what is not there is 0.
    pub(super) fn port_number_or_name(self) {
        match self.value() {
            Some(Value::String(name)) => self.all_invalid(port_name(name)),
            _ => self.port_number(),
        }
    }

    /// There, and one of these.
    pub(super) fn one_of(self, known: &[&str]) {
        if !known.contains(&self.str()) {
            self.unsupported(known);
        }
    }

    /// One of these, where it is set.
    pub(super) fn one_of_if_set(self, known: &[&str]) {
        if !self.str().is_empty() {
            self.one_of(known);
        }
    }

    /// There; says so otherwise.
    pub(super) fn needed(self) -> bool {
        let empty = match self.value() {
            Some(Value::String(text)) => text.is_empty(),
            Some(_) => false,
            None => true,
        };
        if empty {
            self.required("");
        }
        !empty
    }

    pub(super) fn dns_label(self) {
        self.all_invalid(names::dns_label(self.str()));
    }

    pub(super) fn dns_subdomain(self) {
        self.all_invalid(names::dns_subdomain(self.str()));
    }

    pub(super) fn qualified_name(self) {
        self.all_invalid(names::qualified_name(self.str()));
    }

    /// A name that may be a segment of a path.
    pub(super) fn path_segment(self) {
        self.all_invalid(path_segment(self.str()));
    }

    /// `domain/path`, such as the name of a controller.
    pub(super) fn domain_prefixed_path(self) {
        let text = self.str();
        if text.is_empty() {
            return self.required("");
        }
        match text.split_once('/') {
            Some((domain, path)) if !domain.is_empty() && !path.is_empty() => {
                for problem in names::dns_subdomain(domain) {
                    self.invalid_value(domain, &problem);
                }
            }
            _ => self.invalid("must be a domain-prefixed path (such as \"acme.io/foo\")"),
        }
    }

    /// The keys and values of labels. Complaints are about the map.
    pub(super) fn labels(self) {
        for (key, value) in self.map().into_iter().flat_map(|map| map.iter()) {
            for problem in names::qualified_name(key) {
                self.invalid_value(key.as_str(), &problem);
            }
            let text = value.as_str().unwrap_or_default();
            for problem in names::label_value(text) {
                self.invalid_value(text, &problem);
            }
        }
    }

    /// The names of a set of labels that may select, as `metav1.LabelSelector` is checked.
    pub(super) fn label_selector(self) {
        self.at("matchLabels").labels();
        for requirement in self.at("matchExpressions").items() {
            let values = requirement.at("values");
            match requirement.text("operator") {
                "In" | "NotIn" if values.list().is_empty() => {
                    values.required("must be specified when `operator` is 'In' or 'NotIn'");
                }
                "Exists" | "DoesNotExist" if !values.list().is_empty() => {
                    values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }
                "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
                _ => requirement.at("operator").invalid("not a valid selector operator"),
            }
            let key = requirement.at("key");
            for problem in names::qualified_name(key.str()) {
                key.invalid_value(key.str(), &problem);
            }
            for value in values.items() {
                value.all_invalid(names::label_value(value.str()));
            }
        }
    }

    /// The quantity that stands here.
    pub(super) fn quantity(self) -> Option<Quantity> {
        Quantity::from_value(self.value()?)?.ok()
    }

    /// A quantity not below zero.
    pub(super) fn quantity_not_negative(self) {
        if self.quantity().is_some_and(|q| q.sign().is_lt()) {
            self.invalid(NOT_NEGATIVE);
        }
    }

    /// The same as before.
    pub(super) fn unchanged(self, old: At<'_>) {
        if self.value() != old.value() {
            match self.value() {
                Some(_) => self.invalid(IMMUTABLE),
                None => self.invalid_go("null", IMMUTABLE),
            }
        }
    }
}

/// What is wrong with an IANA_SVC_NAME: the name of a port.
pub(super) fn port_name(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if name.len() > 15 {
        wrong.push("must be no more than 15 characters".to_owned());
    }
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !plain {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !name.bytes().any(|b| b.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)".to_owned());
    }
    if name.contains("--") {
        wrong.push("must not contain consecutive hyphens".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong.push("must not begin or end with a hyphen".to_owned());
    }
    wrong
}

/// What is wrong with a segment of a path.
pub(super) fn path_segment(name: &str) -> Vec<String> {
    if name == "." || name == ".." {
        return vec![format!("may not be '{name}'")];
    }
    ["/", "%"].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")).collect()
}
