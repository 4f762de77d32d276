//! Templates that would run for ever, or fill the memory: each ends in an error, soon.

use std::sync::Arc;

use tautline_core::Budget;
use tautline_gotemplate::{
    Engine, Exhausted, Failure, Functions, Options, Signature, Str, Templates, Type, Value,
};

fn run(text: &str) -> Result<String, Failure> {
    let mut functions = Functions::sprig();
    functions.add("include", Signature::fixed(&[Type::String, Type::Any]), |call| {
        Ok(call.engine.execute(call.text(0).as_bytes(), call.arg(1))?.into())
    });
    functions.add("tpl", Signature::fixed(&[Type::String, Type::Any]), |call| {
        Ok(Str::from_bytes(call.engine.evaluate("tpl", call.text(0), call.arg(1))?).into())
    });
    let mut templates = Templates::new(functions);
    templates.parse("t", text).map_err(|error| Failure::new(error.to_string()))?;
    let budget = Budget { bytes: 4 << 20, steps: 2_000_000, ..Budget::default() };
    let mut engine = Engine::new(Arc::new(templates), Options { budget, ..Options::default() });
    engine.execute("t", &Value::Nil)
}

fn exhausts(text: &str, what: Exhausted) {
    let failure = run(text).expect_err(text);
    assert_eq!(
        failure.budget(),
        Some(what),
        "{text}: {}",
        &failure.to_string()[..200.min(failure.to_string().len())]
    );
}

#[test]
fn loops_end() {
    exhausts("{{ range until 1000000000 }}{{ end }}", Exhausted::Steps);
    exhausts("{{ range 1000000000 }}{{ end }}", Exhausted::Steps);
    exhausts("{{ range until 3000 }}{{ range until 3000 }}x{{ end }}{{ end }}", Exhausted::Steps);
    exhausts("{{ $l := list }}{{ range until 100000 }}{{ $l = append $l . }}{{ end }}", Exhausted::Steps);
    exhausts("{{ seq 1 1000000000 }}", Exhausted::Steps);
    exhausts("{{ untilStep 0 1000000000 1 }}", Exhausted::Steps);
    exhausts(
        "{{ range until 200 }}{{ derivePassword 1 \"long\" \"a\" \"b\" \"c\" }}{{ end }}",
        Exhausted::Steps,
    );
    exhausts("{{ range until 200 }}{{ genCA \"a\" 1 }}{{ end }}", Exhausted::Steps);
}

#[test]
fn texts_end() {
    exhausts("{{ repeat 1000000000 \"x\" }}", Exhausted::Bytes);
    exhausts("{{ $s := \"x\" }}{{ range until 100 }}{{ $s = print $s $s }}{{ end }}", Exhausted::Bytes);
    exhausts("{{ indent 1000000000 \"x\" }}", Exhausted::Bytes);
    exhausts("{{ randAlphaNum 1000000000 }}", Exhausted::Bytes);
    exhausts("{{ randBytes 1000000000 }}", Exhausted::Bytes);
    exhausts("{{ repeat 4000 \"x\" | replace \"\" (repeat 4000 \"y\") }}", Exhausted::Bytes);
    exhausts("{{ repeat 4000 \"x\" | regexReplaceAll \"\" (repeat 4000 \"y\") }}", Exhausted::Bytes);
    exhausts("{{ wrapWith 1 (repeat 4000 \"y\") (repeat 4000 \"x\") }}", Exhausted::Bytes);
    exhausts("{{ range until 1000000 }}{{ repeat 100 \"x\" }}{{ end }}", Exhausted::Bytes);
}

#[test]
fn doubling_data_ends() {
    let doubled = "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}";
    for print in [
        "{{ $x }}",
        "{{ $x | toJson }}",
        "{{ $x | toString | len }}",
        "{{ printf \"%v\" $x }}",
        "{{ $x | toPrettyJson }}",
    ] {
        let failure = run(&format!("{doubled}{print}"));
        // sprig's `toJson` drops errors, but not a budget's.
        assert_eq!(failure.expect_err(print).budget(), Some(Exhausted::Bytes), "{print}");
    }
    exhausts(&format!("{doubled}{{{{ $y := deepCopy $x }}}}"), Exhausted::Steps);
}

#[test]
fn what_holds_itself_ends() {
    let own = "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}";
    exhausts(&format!("{own}{{{{ $d }}}}"), Exhausted::Depth);
    exhausts(&format!("{own}{{{{ deepCopy $d | len }}}}"), Exhausted::Depth);
    exhausts(&format!("{own}{{{{ merge $d (deepCopy (dict \"d\" (dict))) | toString }}}}"), Exhausted::Depth);
    assert!(run(&format!("{own}{{{{ mustToJson $d }}}}")).is_err());
    assert_eq!(run(&format!("{own}{{{{ $d.d.d.d | len }}}}")), Ok("1".to_owned()));
    assert_eq!(run(&format!("{own}{{{{ eq (toJson $d) \"\" }}}}")), Ok("true".to_owned()));
}

#[test]
fn recursion_ends() {
    exhausts("{{ define \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}", Exhausted::Depth);
    let includes = "{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}";
    exhausts(includes, Exhausted::Depth);
    let failure = run(includes).expect_err("it has no end");
    assert!(failure.to_string().ends_with("exceeded maximum template depth (10000)"));
    exhausts(
        "{{ define \"r\" }}x{{ template \"r\" }}{{ template \"r\" }}{{ end }}{{ template \"r\" }}",
        Exhausted::Depth,
    );
    assert!(
        run("{{ define \"r\" }}{{ tpl \"{{ include \\\"r\\\" . }}\" . }}{{ end }}{{ include \"r\" . }}")
            .is_err()
    );
}

#[test]
fn deep_nesting_is_no_danger() {
    let deep = |n: usize, open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    assert!(run(&format!("{{{{ {} }}}}", deep(9_000, "(", "1", ")"))).is_ok());
    assert!(run(&format!("{{{{ {} }}}}", deep(100_000, "(", "1", ")"))).is_err());
    assert!(run(&format!("{{{{ index {} 5 }}}}", deep(9_000, "(", "1", ")"))).is_err());
    let mut templates = Templates::new(Functions::builtin());
    templates.parse("t", deep(9_000, "{{ if (1) }}", "x", "{{ end }}")).expect("it is a template");
    assert!(templates.get(b"t").is_some_and(|tree| tree.to_string().len() > 9_000));
    assert!(run(&deep(9_000, "{{ if 1 }}", "x", "{{ end }}")).is_ok());
    assert!(run(&deep(100_000, "{{ if 1 }}", "x", "{{ end }}")).is_err());
    assert!(run(&deep(100_000, "{{ if 0 }}{{ else if 1 }}", "x", "{{ end }}")).is_err());
    assert!(run("{{ $x := 1 }}{{ range until 100000 }}{{ $x = list $x }}{{ end }}").is_ok());
    assert!(run(&format!("{{{{ fromJson `{}` | len }}}}", deep(9_000, "[", "", "]"))).is_ok());
    assert!(run(&format!("{{{{ mustFromJson `{}` | len }}}}", deep(200_000, "[", "", "]"))).is_err());
}

#[test]
fn expressions_that_explode_are_refused() {
    assert!(run("{{ mustRegexMatch \"((a{1000}){1000}){1000}\" \"a\" }}").is_err());
    assert!(run("{{ mustRegexMatch \"(\\\\pL{1000}){1000}\" \"a\" }}").is_err());
    // RE2's way: no backtracking, so this is quick.
    assert_eq!(run("{{ regexMatch \"(a*)*b\" (repeat 10000 \"a\") }}"), Ok("false".to_owned()));
}

#[test]
fn a_cancelled_run_ends() {
    let mut templates = Templates::new(Functions::sprig());
    templates.parse("t", "{{ range 100000000 }}{{ end }}").expect("it is a template");
    let budget = Budget::default();
    budget.cancel.cancel();
    let mut engine = Engine::new(Arc::new(templates), Options { budget, ..Options::default() });
    let failure = engine.execute("t", &Value::Nil).expect_err("it is cancelled");
    assert_eq!(failure.budget(), Some(Exhausted::Cancelled));
}
