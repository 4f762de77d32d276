//! Laws that hold for every template.

use std::sync::Arc;

use proptest::prelude::*;
use tautline_gotemplate::{Engine, Functions, Map, Options, Templates, Value};

fn parse(text: &str) -> Option<Templates> {
    let mut templates = Templates::new(Functions::sprig());
    templates.parse("t", text).ok()?;
    Some(templates)
}

fn printed(templates: &Templates) -> Option<String> {
    templates.get(b"t").map(|tree| tree.to_string())
}

fn render(templates: &Templates) -> Result<String, String> {
    let dot: Map = [("a", Value::Int(1)), ("b", vec!["x", "y"].into())].into_iter().collect();
    let mut engine = Engine::new(Arc::new(templates.clone()), Options::default());
    engine.execute("t", &dot.into()).map_err(|failure| failure.to_string())
}

/// Pieces that templates are made of, whole and broken.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{{",
        "}}",
        "{{- ",
        " -}}",
        "{{ if .a }}",
        "{{ else }}",
        "{{ else if .b }}",
        "{{ end }}",
        "{{ range .b }}",
        "{{ range $i, $x := .b }}",
        "{{ with .a }}",
        "{{ define \"d\" }}",
        "{{ template \"d\" . }}",
        "{{ . }}",
        "{{ .a | print 1 }}",
        "{{ (print .a).x }}",
        "{{ $x := 1 }}",
        "{{ $x }}",
        "{{ break }}",
        "{{ 0x1p4 }}",
        "{{ 'a' }}",
        "{{ \"q\\n\" }}",
        "{{ `r` }}",
        "{{/* c */}}",
        "text",
        "\n",
        " ",
        "(",
        ")",
        "|",
        "\"",
        "`",
        "$",
        "é",
        "{",
        "}",
        "{{ printf \"%v\" .b }}",
        "{{ 1i }}",
        "{{ nil }}",
        "{{ .a.b.c }}",
        "{{ -1 }}",
        "{{ block \"k\" . }}",
        "{{ randAlphaNum 5 }}",
        "{{ uuidv4 }}",
        "{{ list 1 2 | join \",\" }}",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_parses_or_fails(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_action_parses_or_fails(text in "\\{\\{[ -~\\n]{0,40}\\}\\}") {
        let _ = parse(&text);
    }

    #[test]
    fn pieces_parse_or_fail_and_run_or_fail(text in pieces()) {
        if let Some(templates) = parse(&text) {
            let _ = render(&templates);
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same(text in pieces()) {
        let Some(first) = parse(&text).as_ref().and_then(printed) else { return Ok(()) };
        // Definitions are printed by themselves, so a template that calls one still parses.
        let again = parse(&first).as_ref().and_then(printed);
        prop_assert_eq!(again, Some(first));
    }

    #[test]
    fn the_same_run_gives_the_same_text(text in pieces()) {
        if let Some(templates) = parse(&text) {
            prop_assert_eq!(render(&templates), render(&templates));
        }
    }

    #[test]
    fn printf_never_panics(format in "(%[-+# 0]{0,3}[0-9*]{0,3}(\\.[0-9*]{0,2})?(\\[[0-9]?\\]?)?[a-zA-Z%!]?){0,3}") {
        let text = format!("{{{{ printf {format:?} 1 2.5 \"x\" .b nil true }}}}");
        if let Some(templates) = parse(&text) {
            let _ = render(&templates);
        }
    }

    #[test]
    fn floats_read_back(n in any::<f64>()) {
        let mut templates = Templates::new(Functions::builtin());
        templates.parse("t", "{{ . }}").expect("it is a template");
        let text = Engine::new(Arc::new(templates), Options::default()).execute("t", &n.into());
        let text = text.expect("a float prints").replace("Inf", "inf");
        let back: f64 = text.parse().expect("a float");
        prop_assert!(back == n || (back.is_nan() && n.is_nan()));
    }
}
