use super::*;

fn check_with(dialect: Dialect, schema: &str, values: &str) -> Result<(), String> {
    let values = Value::from_json(values.as_bytes()).unwrap();
    check(schema.as_bytes(), values.as_map().unwrap(), dialect, &Budget::default())
}

#[test]
fn helm4_prints_a_tree() {
    let expect = |schema: &str, values: &str, text: &str| {
        assert_eq!(check_with(Dialect::Helm4, schema, values).unwrap_err(), text, "{schema} {values}");
    };
    let schema =
        r#"{"properties":{"num":{"minimum":1},"s":{"type":"string","enum":["a","b"]}},"required":["x","y"]}"#;
    expect(
        schema,
        r#"{"num":0,"s":"c","x":1,"y":2}"#,
        "- at '/num': minimum: got 0, want 1\n- at '/s': value must be one of 'a', 'b'\n",
    );
    expect(
        schema,
        r#"{"s":1}"#,
        "- at '': missing properties 'x', 'y'\n- at '/s': got number, want string\n",
    );
    let nested =
        r##"{"properties":{"a":{"$ref":"#/$defs/d"}},"$defs":{"d":{"minLength":3,"pattern":"^x"}}}"##;
    expect(
        nested,
        r#"{"a":"y"}"#,
        "- at '/a': validation failed\n  - at '/a': minLength: got 1, want 3\n  - at '/a': 'y' does not match pattern '^x'\n",
    );
    let any =
        r#"{"properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]}},"additionalProperties":false}"#;
    expect(
        any,
        r#"{"a":1,"b":2}"#,
        "- at '': additional properties 'b' not allowed\n- at '/a': 'anyOf' failed\n  - at '/a': got number, want string\n  - at '/a': got number, want null\n",
    );
    let all = r#"{"allOf":[{"required":["a"]},{"required":["b"]}]}"#;
    expect(
        all,
        r#"{}"#,
        "- at '': 'allOf' failed\n  - at '': missing property 'a'\n  - at '': missing property 'b'\n",
    );
}

#[test]
fn helm3_prints_lines() {
    let schema = r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"num":{"minimum":1}},"required":["x"]}"#;
    let text = check_with(Dialect::Helm3, schema, r#"{"num":0}"#).unwrap_err();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["- (root): x is required", "- num: Must be greater than or equal to 1"]);
}

#[test]
fn drafts_and_formats() {
    let ok = |schema: &str, values: &str| check_with(Dialect::Helm4, schema, values).is_ok();
    assert!(ok(r#"{"properties":{"n":{"type":"integer"}}}"#, r#"{"n":1.0}"#));
    assert!(ok(r#"{"properties":{"m":{"format":"email"}}}"#, r#"{"m":"x"}"#));
    assert!(!ok(
        r#"{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"m":{"format":"email"}}}"#,
        r#"{"m":"x"}"#
    ));
    assert!(!ok(
        r#"{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"n":{"minimum":1,"exclusiveMinimum":true}}}"#,
        r#"{"n":1}"#
    ));
}

#[test]
fn nothing_is_fetched() {
    for reference in
        ["https://example.com/s.json", "file:///etc/passwd", "other.json", "http://127.0.0.1:1/x#/a"]
    {
        let schema = format!(r#"{{"properties":{{"a":{{"$ref":"{reference}"}}}}}}"#);
        let error = check_with(Dialect::Helm4, &schema, r#"{"a":1}"#).unwrap_err();
        assert!(error.contains("not fetched"), "{error}");
    }
}

#[test]
fn schemas_that_never_end_are_refused() {
    let doubling: String = (0..60)
        .map(|i| {
            format!(
                r##""d{i}":{{"anyOf":[{{"$ref":"#/$defs/d{n}"}},{{"$ref":"#/$defs/d{n}"}}]}},"##,
                n = i + 1
            )
        })
        .collect();
    let bomb = format!(r##"{{"$ref":"#/$defs/d0","$defs":{{{doubling}"d60":{{"type":"string"}}}}}}"##);
    let loops = r##"{"allOf":[{"$ref":"#"}]}"##.to_owned();
    let deep = format!("{}{}", r#"{"not":"#.repeat(5000), "true") + &"}".repeat(5000);
    for schema in [bomb, loops, deep] {
        // The budget ends it, so that this returns at all.
        assert!(check_with(Dialect::Helm4, &schema, r#"{"a":1}"#).is_err());
    }
}
