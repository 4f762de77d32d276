//! Scenarios from text.

use super::{Line, Scenario};

/// Reads all scenarios of a file.
///
/// # Panics
/// At a line that is not understood, with its number.
pub fn read(text: &str) -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("== ") {
            let (name, covers) = (name.to_owned(), Vec::new());
            scenarios.push(Scenario { name, covers, on_stand: false, lines: Vec::new() });
            continue;
        }
        let scenario =
            scenarios.last_mut().unwrap_or_else(|| panic!("line {number} stands before any scenario"));
        let (word, rest) = halves(line, ' ');
        match word {
            "covers" => scenario.covers.extend(list(rest, ';')),
            "on" => scenario.on_stand = rest == "stand",
            _ => {
                let line =
                    self::line(word, rest).unwrap_or_else(|| panic!("line {number}: {line:?} means nothing"));
                scenario.lines.push((number, line));
            }
        }
    }
    scenarios
}

fn line(word: &str, rest: &str) -> Option<Line> {
    let pair = || {
        let (first, second) = halves(rest, ' ');
        (first.to_owned(), second.to_owned())
    };
    Some(match word {
        "set" => {
            let (path, json) = pair();
            Line::Set { path, json }
        }
        "option" => Line::Option(rest.to_owned()),
        "git" => Line::Git((rest != "nothing").then(|| rest.to_owned())),
        "live" => {
            let (manager, object) = pair();
            Line::Live { manager, object }
        }
        "remove" => Line::Remove(rest.to_owned()),
        "ask" => Line::Ask(rest.to_owned()),
        "terminate" => Line::Terminate,
        "refresh" => Line::Refresh { hard: rest == "hard" },
        "project" => Line::Project(rest.to_owned()),
        "history" => Line::History(rest.parse().ok()?),
        "go" => Line::Go(if rest.is_empty() { 60 } else { rest.parse().ok()? }),
        "result" => {
            let (phase, text) = pair();
            Line::Result { phase, text }
        }
        "app" => {
            let (sync, health) = pair();
            Line::App { sync, health }
        }
        "condition" => {
            let (kind, text) = pair();
            Line::Condition { kind, text }
        }
        "there" => {
            let (object, at) = pair();
            let at = (!at.is_empty())
                .then(|| halves(&at, '='))
                .map(|(path, text)| (path.to_owned(), text.to_owned()));
            Line::There { object, at }
        }
        "gone" => Line::Gone(rest.to_owned()),
        "order" => Line::Order(list(rest, '<')),
        "writes" if rest == "nothing" => Line::Writes(Vec::new()),
        "writes" => Line::Writes(list(rest, ',')),
        "says" => {
            let (object, text) = pair();
            Line::Says { object, text }
        }
        "finalized" => Line::Finalized,
        _ => return None,
    })
}

fn halves(text: &str, at: char) -> (&str, &str) {
    let (first, rest) = text.split_once(at).unwrap_or((text, ""));
    (first.trim(), rest.trim())
}

fn list(text: &str, at: char) -> Vec<String> {
    text.split(at).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_what_they_say() {
        let read = read(
            "== one\ncovers 3.4 Prune=false; 4.2 order\non stand\ngit nothing\ngo 5\norder A/a < -B/b\n",
        );
        assert_eq!(read[0].covers, ["3.4 Prune=false", "4.2 order"]);
        assert!(read[0].on_stand);
        let lines: Vec<&Line> = read[0].lines.iter().map(|(_, line)| line).collect();
        let order = Line::Order(vec!["A/a".to_owned(), "-B/b".to_owned()]);
        assert_eq!(lines, [&Line::Git(None), &Line::Go(5), &order]);
    }
}
