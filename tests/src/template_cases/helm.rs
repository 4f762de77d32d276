//! Templates run by the real Helm.
#![allow(clippy::disallowed_methods, reason = "the peer is a program that reads a folder")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::{Answer, VALUES};

/// The file of a template. Helm renders no file whose name begins with `_`, but others can include it.
pub(super) fn file(i: usize) -> String {
    format!("c/templates/_t{i}.tpl")
}

fn chart(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("c/templates"))?;
    fs::write(folder.join("c/Chart.yaml"), "apiVersion: v2\nname: c\nversion: 0.1.0\n")?;
    fs::write(folder.join("values.yaml"), VALUES)
}

/// Runs Helm over the chart: what it prints, or its message.
fn run(tool: &Path, folder: &Path) -> io::Result<Result<String, String>> {
    let output =
        Command::new(tool).args(["template", "r", "c", "-f", "values.yaml"]).current_dir(folder).output()?;
    if output.status.success() {
        return Ok(Ok(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    let message = String::from_utf8_lossy(&output.stderr);
    let message = message.lines().filter(|line| !line.starts_with("level=") && !line.starts_with("WARNING"));
    let message = message.collect::<Vec<_>>().join("\n");
    let message = message.split("\n\nUse --debug").next().unwrap_or_default();
    Ok(Err(message.trim_start_matches("Error: ").trim_end().to_owned()))
}

/// The call of a template. Each gets values of its own, since templates may change them.
fn main_line(i: usize) -> String {
    let values = "(dict \"Values\" (deepCopy .Values))";
    format!("t{i}: {{{{ include \"{}\" {values} | b64enc | quote }}}}\n", file(i))
}

/// Runs templates that should all succeed in one chart. Each gives a line of base 64. One that fails after all
/// is taken out, and the others go again.
pub(super) fn together(
    tool: &Path,
    templates: &[String],
    chosen: &[usize],
) -> io::Result<Vec<(usize, Answer)>> {
    let mut left: BTreeSet<usize> = chosen.iter().copied().collect();
    let mut answers = Vec::new();
    while !left.is_empty() {
        let folder = tempfile::tempdir()?;
        chart(folder.path())?;
        let mut main = String::new();
        for i in &left {
            fs::write(folder.path().join(file(*i)), &templates[*i])?;
            main.push_str(&main_line(*i));
        }
        fs::write(folder.path().join("c/templates/main.yaml"), main)?;
        match run(tool, folder.path())? {
            Ok(text) => {
                answers.extend(text.lines().filter_map(line));
                break;
            }
            Err(message) => {
                let guilty = left.iter().copied().find(|i| message.contains(&file(*i)));
                let Some(guilty) = guilty else { return Err(io::Error::other(message)) };
                left.remove(&guilty);
                answers.push((guilty, Err(message)));
            }
        }
    }
    Ok(answers)
}

/// A line `t12: "aGk="`.
fn line(line: &str) -> Option<(usize, Answer)> {
    let (name, text) = line.strip_prefix('t')?.split_once(": ")?;
    Some((name.parse().ok()?, Ok(base64(text.trim_matches('"')))))
}

fn base64(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|b| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let (mut bytes, mut held, mut count) = (Vec::new(), 0u32, 0);
    for digit in digits {
        held = held << 6 | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((held >> count) as u8);
            held &= (1 << count) - 1;
        }
    }
    bytes
}

/// Runs one template that should fail.
pub(super) fn alone(tool: &Path, i: usize, template: &str) -> io::Result<Answer> {
    let folder = tempfile::tempdir()?;
    chart(folder.path())?;
    fs::write(folder.path().join(file(i)), template)?;
    fs::write(folder.path().join("c/templates/main.yaml"), main_line(i))?;
    Ok(match run(tool, folder.path())? {
        Err(message) => Err(message),
        Ok(text) => text.lines().find_map(line).map_or(Ok(Vec::new()), |(_, answer)| answer),
    })
}

/// A message without Helm 4's line breaks, and without the words it leaves out.
fn on_one_line(message: &str) -> String {
    let words = message.split_whitespace().filter(|word| *word != "template:");
    words.collect::<Vec<_>>().join(" ").replace(": executing \"", " executing \"")
}

/// Whether Helm's message is ours. It puts its own file before, and words parse errors and `fail` its way.
pub(super) fn same_message(ours: &str, theirs: &str) -> bool {
    if theirs.ends_with(ours.trim_end()) || on_one_line(theirs).ends_with(&on_one_line(ours)) {
        return true;
    }
    // Go dies of data that holds itself, where ours says so.
    if theirs.contains("goroutine stack exceeds") {
        return ours.contains("nest deeper than the budget allows");
    }
    // Of a parse error Helm keeps the place and what follows the last colon.
    if let Some((place, message)) = theirs.strip_prefix("parse error at (").and_then(|t| t.split_once("): "))
    {
        return ours.starts_with(&format!("template: {place}: ")) && ours.ends_with(message);
    }
    if let Some((_, message)) = theirs.strip_prefix("execution error at (").and_then(|t| t.split_once("):")) {
        return ours.trim_end().ends_with(format!("error calling fail:{message}").trim_end());
    }
    false
}
