use super::*;
use crate::Expression;
use tautline_core::Budget;

fn declared() -> Declarations {
    let request = Type::object("kubernetes.AdmissionRequest", [("name".to_owned(), Type::String)]);
    let variables = [("object", Type::Dyn), ("request", request)];
    Declarations {
        variables: variables.into_iter().map(|(name, of)| (name.to_owned(), of)).collect(),
        composed: Some([("n".to_owned(), Type::Int)].into_iter().collect()),
        builds_objects: true,
    }
}

#[test]
fn complaints_are_cel_gos() {
    let check = |text: &str, expect: &[(usize, &str)]| {
        let compiled = Expression::checked(text, &declared(), &Budget::default());
        let lines: Vec<String> =
            expect.iter().map(|(column, what)| complaint(text, column - 1, what)).collect();
        match compiled {
            Ok(_) => assert!(expect.is_empty(), "{text}"),
            Err(why) => assert_eq!(why.to_string(), lines.join("\n"), "{text}"),
        }
    };
    check("has(object.data) && 'k' in object.data && object.l.exists(x, x.a == request.name)", &[]);
    check("size(object.a) > 1 && object.l.map(x, x.size() > 2, x.size()).sum() > variables.n", &[]);
    check("foo == 1", &[(1, "undeclared reference to 'foo' (in container '')")]);
    check(
        "object.metadata.name.nope() && bar(1)",
        &[
            (26, "undeclared reference to 'nope' (in container '')"),
            (35, "undeclared reference to 'bar' (in container '')"),
        ],
    );
    check("1 == 'a'", &[(3, "found no matching overload for '_==_' applied to '(int, string)'")]);
    check(
        "size(object.metadata.name) > 'a'",
        &[(28, "found no matching overload for '_>_' applied to '(int, string)'")],
    );
    check(
        "request.name.startsWith(1)",
        &[(24, "found no matching overload for 'startsWith' applied to 'string.(int)'")],
    );
    check("request.nope == 'x'", &[(8, "undefined field 'nope'")]);
    check(
        "variables.n == 'a' || variables.nope",
        &[
            (13, "found no matching overload for '_==_' applied to '(int, string)'"),
            (32, "undefined field 'nope'"),
        ],
    );
    check(
        "true ? 1 : 'a'",
        &[(6, "found no matching overload for '_?_:_' applied to '(bool, int, string)'")],
    );
    check("[1, 'a'].size() == 2", &[(5, "expected type 'int' but found 'string'")]);
    check("'a'.matches('(')", &[(13, "invalid matches argument")]);
    check("true &&\n  foo == 1", &[(11, "undeclared reference to 'foo' (in container '')")]);
    check(
        "Object{metadata: Object.metadata{labels: {'made': 'by-policy', 'name': object.metadata.name}}}",
        &[(87, "expected type 'string' but found 'dyn'")],
    );
    check(
        "[JSONPatch{opp: 'add'}]",
        &[(15, "expected type of field 'opp' is '' but provided type is 'string'")],
    );
    check(
        "[JSONPatch{op: 1}]",
        &[(14, "expected type of field 'op' is 'string' but provided type is 'int'")],
    );
    check("{'a': object.x, 'b': 'c'} == {}", &[]);
    check("Nope{}", &[(5, "undeclared reference to 'Nope' (in container '')")]);
}

#[test]
fn values_have_types() {
    let check = |text: &str, expect: &str| {
        let compiled = Expression::checked(text, &declared(), &Budget::default());
        assert_eq!(compiled.unwrap().kind().to_string(), expect, "{text}");
    };
    check("object.spec", "dyn");
    check("['a']", "list(string)");
    check("[]", "list(dyn)");
    check("{'a': 1}", "map(string, int)");
    check("Object{}", "Object");
    check("[JSONPatch{op: 'add'}]", "list(JSONPatch)");
    check("object.l.all(x, x > 1)", "bool");
    check("object.l.map(x, string(x))", "list(string)");
    check("timestamp('2020-01-01T00:00:00Z')", "google.protobuf.Timestamp");
    check("variables.n + 1", "int");
    check("'a ' + object.name + ' b'", "string");
    check("object.n + 1", "int");
    check("object.a + object.b", "dyn");
    check("request.name", "string");
    check("object == null || has(object.x)", "bool");
    check("optional.of(1)", "optional_type(int)");
}
