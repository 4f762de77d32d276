//! The fast path equals the full path; what is written reads back; hostile input ends in errors.

use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use tautline_core::{Budget, List, Map, Value};
use tautline_yaml::{
    ErrorKind, Node, NodeKind, Options, Resolver, nodes, nodes_fully, read, read_all, read_fully, write,
};

fn scalar_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[ -~]{0,12}",
        "(yes|no|on|1|0644|1e3|~|null|true|<<|1:30|2024-01-02|-|---|\\.5|=|'a'|\"b\\\\n\"|\"c\"|\\[a, \"b\"\\]|\\{\\}|\\[\\])",
        "[a-z]{1,5}( [a-z#:]{1,5}){0,4}",
        "-{1,3}[-a-z0-9.=:#'\"\\[\\{]{0,6}( [a-z#:]{1,3})?",
        "(\\{\\}|\\[\\]|\\[a, \"b\"\\])( #)?",
        "é[a-z]\u{a0}?",
    ]
}

/// Lines of block style, well-formed more often than not.
fn block(depth: u32) -> BoxedStrategy<Vec<String>> {
    let inline = scalar_text().prop_map(|text| vec![text]);
    let literal = ("[|>][-+]?", prop::collection::vec("[ a-z:#]{0,6}", 0..4)).prop_map(|(header, lines)| {
        std::iter::once(header).chain(lines.into_iter().map(|line| format!("  {line}"))).collect()
    });
    let leaf = prop_oneof![4 => inline, 1 => literal].boxed();
    if depth == 0 {
        return leaf;
    }
    let key = prop_oneof![8 => "[a-z]{1,4}", 1 => scalar_text()];
    let map =
        prop::collection::vec((key, block(depth - 1), 0..3_usize, any::<bool>()), 1..4).prop_map(|entries| {
            entries
                .into_iter()
                .flat_map(|(key, lines, indent, own)| attach(&format!("{key}:"), lines, indent, own))
                .collect()
        });
    let list = prop::collection::vec((block(depth - 1), any::<bool>()), 1..4)
        .prop_map(|items| items.into_iter().flat_map(|(lines, own)| attach("-", lines, 2, own)).collect());
    prop_oneof![2 => leaf, 2 => map, 2 => list].boxed()
}

fn attach(head: &str, lines: Vec<String>, indent: usize, own_line: bool) -> Vec<String> {
    let pad = " ".repeat(indent);
    let mut lines = lines.into_iter();
    let mut out = Vec::new();
    if own_line {
        out.push(head.to_owned());
    } else {
        out.push(format!("{head} {}", lines.next().unwrap_or_default()));
    }
    out.extend(lines.map(|line| format!("{pad}{line}")));
    out
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e30..1e30_f64).prop_map(Value::Float),
        scalar_text().prop_map(Value::string),
        "[ -~\n\té😀\r]{0,40}".prop_map(Value::string),
        "([a-z]{1,12} {1,2}){8,20}".prop_map(Value::string),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| Value::List(List::from(items))),
            prop::collection::vec(("[ -~é]{0,10}", inner), 0..5).prop_map(|entries| {
                // `<<` is the one key that go-yaml writes but does not read back: it means a merge.
                Value::Map(entries.into_iter().filter(|(key, _)| key != "<<").collect::<Map>())
            }),
        ]
    })
}

/// 256 cases, or as many as `TAUTLINE_CASES` says. What failed once is kept beside this file and tried first.
#[allow(clippy::disallowed_methods, reason = "how long tests run, the environment says")]
fn config() -> Config {
    let cases = std::env::var("TAUTLINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(256);
    let seeds = FileFailurePersistence::WithSource("regressions");
    Config { cases, failure_persistence: Some(Box::new(seeds)), ..Config::default() }
}

/// Everything of trees: places, comments and styles too.
fn shown(nodes: &[Node]) -> String {
    let mut out = String::new();
    nodes.iter().for_each(|node| show(node, &mut out));
    out
}

fn show(node: &Node, out: &mut String) {
    use std::fmt::Write;
    let _ = write!(out, "{:?}{:?}{:?}", node.span, node.comments(), node.tag);
    match &node.kind {
        NodeKind::Scalar { text, style } => {
            let _ = writeln!(out, "{text:?}{style:?}");
        }
        NodeKind::Alias(anchor) => {
            let _ = writeln!(out, "*{anchor:?}");
        }
        NodeKind::List { items, flow } => {
            let _ = writeln!(out, "list {flow}[");
            items.iter().for_each(|item| show(item, out));
            out.push(']');
        }
        NodeKind::Map { entries, flow } => {
            let _ = writeln!(out, "map {flow}{{");
            entries.iter().for_each(|(key, value)| {
                show(key, out);
                show(value, out);
            });
            out.push('}');
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_fast_path_equals_the_full_path(lines in block(3), strict in any::<bool>(), v3 in any::<bool>()) {
        let resolver = if v3 { Resolver::V3 } else { Resolver::V2 };
        let options = Options { strict, resolver, ..Options::default() };
        let text = lines.join("\n");
        for text in [text.clone(), format!("{text}\n"), format!("# c\n---\n{text}\n\n# end\n"), format!("{}\r\n", lines.join("\r\n"))] {
            let (fast, full) = (read(&text, &options), read_fully(&text, &options));
            prop_assert_eq!(fast.as_ref().ok().map(Value::to_json), full.as_ref().ok().map(Value::to_json), "{:?}: {:?} {:?}", text, fast, full);
        }
    }

    #[test]
    fn trees_by_the_fast_path_equal_those_by_the_full_path(lines in block(3), comments in prop::collection::vec(0..9_usize, 12)) {
        let options = Options { resolver: Resolver::V3, ..Options::default() };
        let text = lines.join("\n");
        let mut commented = String::new();
        for (line, comment) in lines.iter().zip(comments.into_iter().cycle()) {
            commented += &match comment {
                0 => format!("# before\n{line}\n"),
                1 => format!("{line} # behind\n"),
                2 => format!("{line}\n    # deeper\n"),
                3 => format!("{line}\n\n"),
                _ => format!("{line}\n"),
            };
        }
        for text in [text.clone(), format!("{text}\n"), format!("# c\n---\n{text}\n\n# end\n"), commented] {
            let (fast, full) = (nodes(&text, &options), nodes_fully(&text, &options));
            prop_assert_eq!(fast.is_ok(), full.is_ok(), "{:?}", text);
            if let (Ok(fast), Ok(full)) = (fast, full) {
                prop_assert_eq!(shown(&fast), shown(&full), "{:?}", text);
            }
        }
    }

    #[test]
    fn what_is_written_reads_back(value in value()) {
        let text = write(&value);
        let again = read(&text, &Options::default());
        prop_assert_eq!(again.as_ref().map(Value::to_json), Ok(value.to_json()), "{}", text);
    }

    #[test]
    fn nothing_panics(text in "[-a-z:#&*!|>'\"%@`{}\\[\\],? \n\t\\\\.~<=0-9é\u{85}\u{feff}]{0,60}") {
        let _ = read(&text, &Options::default());
        let _ = read_all(&text, &Options::default());
        let _ = nodes(&text, &Options { resolver: Resolver::V3, ..Options::default() });
    }
}

#[test]
fn hostile_input_ends_in_errors() {
    let kind = |text: &str| read(text, &Options::default()).map_err(|error| error.kind);
    let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for i in 1..12 {
        bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","));
    }
    assert_eq!(kind(&bomb), Err(ErrorKind::Aliasing));
    assert_eq!(kind(&"[".repeat(100_000)), Err(ErrorKind::Depth(200)));
    assert!(kind(&"- ".repeat(100_000)).is_err());
    let deep: String = (0..1000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert!(matches!(kind(&deep), Err(ErrorKind::Depth(_))));
    assert_eq!(kind("a: &x [*x]"), Err(ErrorKind::Cycle("x".to_owned())));
    assert_eq!(kind("a: *nope"), Err(ErrorKind::UnknownAnchor("nope".to_owned())));
    assert_eq!(kind("a: \0"), Err(ErrorKind::Control(0)));
    assert!(matches!(kind("a:\n\tb: 1"), Err(ErrorKind::Syntax(_))));
    assert!(read("\u{feff}a: 1\r\nb: 2\r\n", &Options::default()).is_ok());
    let small = Options { budget: Budget { bytes: 3, ..Budget::default() }, ..Options::default() };
    assert_eq!(read("a: 1", &small).unwrap_err().kind, ErrorKind::Bytes(3));
    let few = Options { budget: Budget { nodes: 3, ..Budget::default() }, ..Options::default() };
    assert_eq!(read("- 1\n- 2\n- 3\n", &few).unwrap_err().kind, ErrorKind::Nodes(3));
}

#[test]
fn positions() {
    let error = read("a: 1\nb: [1,\n  2\n", &Options::default()).unwrap_err();
    assert!(error.line >= 2, "{error}");
    let strict = Options { strict: true, ..Options::default() };
    let error = read("a: 1\nb: 2\na: 3\n", &strict).unwrap_err();
    assert_eq!(error.to_string(), "yaml: line 3, column 1: key \"a\" already set in map");
    let all = read_all("a: 1\n---\nb: [\n---\nc: 3\n", &Options::default());
    assert_eq!(all.len(), 3);
    assert!(all[0].1.is_ok() && all[2].1.is_ok());
    assert!(all[1].1.as_ref().is_err_and(|error| error.line >= 3));
}

#[test]
fn merging_by_version() {
    let text = "b: &b {x: 1}\nv: {x: 3, <<: *b}\n";
    let v3 = Options { resolver: Resolver::V3, ..Options::default() };
    assert_eq!(read(text, &Options::default()).unwrap().to_json(), r#"{"b":{"x":1},"v":{"x":1}}"#);
    assert_eq!(read(text, &v3).unwrap().to_json(), r#"{"b":{"x":1},"v":{"x":3}}"#);
    assert_eq!(
        read("d: 2020-01-02\ny: yes", &v3).unwrap().to_json(),
        r#"{"d":"2020-01-02T00:00:00Z","y":"yes"}"#
    );
}
