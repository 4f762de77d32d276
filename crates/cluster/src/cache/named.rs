//! Texts that repeat an object's own name.

use tautline_core::Value;

/// What the names of controllers' objects are made of: `web-6d4cf56db6-x7k2p` says those of its ReplicaSet and of its
/// Deployment, and labels repeat them. A text that is a part of the object's own name stands as a mark in its outline,
/// so that the outlines of like workloads are one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named<'n> {
    /// The name without its last part, without its last two, …
    starts: [&'n str; PARTS],
    /// The last part of the name, the last but one, …
    parts: [&'n str; PARTS],
    count: usize,
}

/// No text of Kubernetes begins so.
const START: char = '\u{1}';
const PART: char = '\u{2}';

/// How many parts of a name are looked at.
const PARTS: usize = 3;

impl<'n> Named<'n> {
    pub(super) fn of(name: &'n str) -> Self {
        let mut named = Self::default();
        let mut rest = name;
        while let Some((start, part)) = rest.rsplit_once('-')
            && let Some((to_start, to_part)) =
                named.starts.get_mut(named.count).zip(named.parts.get_mut(named.count))
        {
            (*to_start, *to_part, rest) = (start, part, start);
            named.count += 1;
        }
        named
    }

    /// The mark that stands for a text: of which list it is, and where there.
    pub(super) fn place(&self, text: &[u8]) -> Option<(char, usize)> {
        let place = |all: &[&str]| all.iter().take(self.count).position(|known| known.as_bytes() == text);
        place(&self.starts).map(|at| (START, at)).or_else(|| place(&self.parts).map(|at| (PART, at)))
    }

    pub(super) fn shorten(&self, value: &mut Value) {
        each_text(value, &|text| {
            // One that looks like a mark already must not be taken for one.
            if text.starts_with([START, PART]) {
                return Some(format!("{START}{text}"));
            }
            self.place(text.as_bytes()).map(|(mark, at)| format!("{mark}{at}"))
        });
    }

    pub(super) fn restore(&self, value: &mut Value) {
        each_text(value, &|text| {
            let known = |all: &[&str], at: &str| {
                let at = at.parse::<usize>().ok().filter(|at| *at < self.count);
                at.and_then(|at| all.get(at).map(|t| (*t).to_owned()))
            };
            match (text.strip_prefix(START), text.strip_prefix(PART)) {
                (Some(rest), _) if rest.starts_with([START, PART]) => Some(rest.to_owned()),
                (Some(rest), _) => known(&self.starts, rest),
                (_, Some(rest)) => known(&self.parts, rest),
                _ => None,
            }
        });
    }
}

/// Changes texts of a value; keys stay.
fn each_text(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(changed) = change(text) {
                *value = Value::from(changed);
            }
        }
        Value::Map(map) => map.values_mut().for_each(|value| each_text(value, change)),
        Value::List(list) => list.iter_mut().for_each(|value| each_text(value, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_own_name_stand_as_marks_and_come_back() {
        let body = tautline_core::value!({ "labels": { "app": "web-7", "hash": "6d4cf", "x": "web", "odd": "\u{1}0", "other": "web-7-6d4cf-x7" } });
        let mut short = body.clone();
        Named::of("web-7-6d4cf-x7").shorten(&mut short);
        assert_eq!(short.at(&["labels", "app"]).and_then(Value::as_str), Some("\u{1}1"));
        assert_eq!(short.at(&["labels", "hash"]).and_then(Value::as_str), Some("\u{2}1"));
        Named::of("web-7-6d4cf-x7").restore(&mut short);
        assert_eq!(short, body);
    }
}
