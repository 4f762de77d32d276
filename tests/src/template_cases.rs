//! Random templates, run here and by the real Helm.
//!
//! Those that should succeed go through Helm together, one file each in one chart; each that should fail goes
//! alone, and the whole message is compared.

mod generator;
mod helm;
mod ours;
mod words;

use std::fmt;
use std::path::Path;

use tautline_gotemplate::Go;

pub use generator::Generator;
pub use ours::{Answer, answer};

/// What a run of many templates showed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Templates that were compared.
    pub total: usize,
    /// Those that failed in both, with one message.
    pub failing: usize,
    /// Where the two disagreed.
    pub misses: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, failing, misses } = self;
        write!(f, "{} of {total} agree ({failing} of them fail in both)", total - misses.len())
    }
}

/// The values that every template is given, as YAML that is JSON.
pub const VALUES: &str = r#"{"i":1000000,"f":1.5,"s":"hello","empty":"","t":true,"fa":false,"nul":null,
"list":[1,2,"x"],"strs":["b","a","c","a"],"elist":[],"map":{"b":2,"a":1,"c":{"z":1,"k":[1,2]}},"emap":{},
"deep":{"l1":{"l2":{"l3":"v"}}},"uni":"h\u00e9llo w\u00f6rld","html":"<a href='x'>&\"</a>","zero":0,"neg":-3,
"nested":[[1,2],[3]],"mixed":["a",{"k":"v"},1.5,true]}"#;

/// Runs templates here and in a Helm, and compares.
///
/// # Errors
/// When the chart cannot be written or Helm cannot be started.
pub fn compare(tool: &Path, go: Go, templates: &[String]) -> std::io::Result<Outcome> {
    let answers: Vec<Answer> =
        templates.iter().enumerate().map(|(i, text)| answer(&helm::file(i), text, go)).collect();
    let mut outcome = Outcome { total: templates.len(), ..Outcome::default() };
    let good: Vec<usize> = (0..templates.len()).filter(|i| answers[*i].is_ok()).collect();
    for chunk in good.chunks(500) {
        for (i, theirs) in helm::together(tool, templates, chunk)? {
            match (&answers[i], theirs) {
                (Ok(ours), Ok(theirs)) if without_addresses(ours) == without_addresses(&theirs) => {}
                (ours, theirs) => outcome.misses.push(miss(&templates[i], ours, &theirs)),
            }
        }
    }
    for (i, ours) in answers.iter().enumerate().filter(|(_, answer)| answer.is_err()) {
        let theirs = helm::alone(tool, i, &templates[i])?;
        match (ours, &theirs) {
            (Err(ours), Err(theirs)) if helm::same_message(ours, theirs) => outcome.failing += 1,
            _ => outcome.misses.push(miss(&templates[i], ours, &theirs)),
        }
    }
    Ok(outcome)
}

/// Text without the addresses of pointers, which are others at each run.
fn without_addresses(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split("0x");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push_str("0x");
        out.push_str(if digits >= 9 { &part[digits..] } else { part });
    }
    out
}

fn miss(template: &str, ours: &Answer, theirs: &Answer) -> String {
    let shown = |answer: &Answer| match answer {
        Ok(bytes) => format!("gives {:?}", String::from_utf8_lossy(bytes)),
        Err(message) => format!("fails: {message}"),
    };
    format!("{template:?}\n    ours {}\n    Helm {}", shown(ours), shown(theirs))
}
