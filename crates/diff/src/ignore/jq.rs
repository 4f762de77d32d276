//! jq path expressions, limited to what can only name places and always ends.

use std::fmt;
use std::sync::Arc;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::path::{Part, Path};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use tautline_core::Value;

use super::keyed::Step;

/// How many places one expression may name in an object.
const PLACES: usize = 10_000;
/// How long an expression may be, in bytes.
const LENGTH: usize = 4096;
/// How often an expression may go over everything below a value: each multiplies the work.
const WALKS: usize = 8;

/// The functions that an expression may call: they choose among places or compute from what stands there, and
/// end on every input.
const FUNCTIONS: &[&str] = &[
    "select",
    "has",
    "contains",
    "inside",
    "in",
    "test",
    "startswith",
    "endswith",
    "not",
    "any",
    "all",
    "length",
    "type",
    "keys",
    "map",
    "tostring",
    "tonumber",
    "ascii_downcase",
    "ascii_upcase",
    "ltrimstr",
    "rtrimstr",
    "split",
    "join",
    "first",
    "last",
    "empty",
    "true",
    "false",
    "null",
    "values",
    "nulls",
    "strings",
    "numbers",
    "booleans",
    "arrays",
    "objects",
    "scalars",
    "iterables",
    "index",
    "to_entries",
    "add",
    "error",
    "recurse",
    "paths",
    "getpath",
];

type Filter = jaq_core::Filter<data::JustLut<Val>>;

/// A jq path expression such as `.spec.template.spec.containers[] | select(.name == "proxy")`.
#[derive(Clone)]
pub struct JqPath {
    source: String,
    filter: Arc<Filter>,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JqError {
    /// It is no jq.
    #[error("{0:?} is no jq expression")]
    Syntax(String),
    /// It uses something that path expressions have no need of.
    #[error("{0:?}: {1} is not allowed in a path expression")]
    Forbidden(String, String),
}

impl JqPath {
    /// Reads an expression. Definitions, variables, loops, `input`, `env` and everything else that is not needed
    /// to name places is refused.
    pub fn new(source: &str) -> Result<Self, JqError> {
        let forbidden = |what: &str| JqError::Forbidden(source.to_owned(), what.to_owned());
        if source.len() > LENGTH {
            return Err(forbidden("an expression of this length"));
        }
        let term =
            jaq_core::load::parse(source, |p| p.term()).ok_or_else(|| JqError::Syntax(source.to_owned()))?;
        let mut walks = 0;
        check(&term, &mut walks).map_err(|what| forbidden(&what))?;
        if walks > WALKS {
            return Err(forbidden("walking over everything so often"));
        }
        let code = format!("path({source})");
        let program = File { code: code.as_str(), path: () };
        let arena = Arena::default();
        let loader = Loader::new(jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()));
        let modules = loader.load(&arena, program).map_err(|_| JqError::Syntax(source.to_owned()))?;
        let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let filter = Compiler::default().with_funs(funs).compile(modules);
        let filter = filter.map_err(|_| JqError::Syntax(source.to_owned()))?;
        Ok(Self { source: source.to_owned(), filter: Arc::new(filter) })
    }

    /// The places that the expression names in a value. An error on the way ends them, as in Argo CD.
    pub(super) fn paths(&self, value: &Value) -> Vec<Vec<Step>> {
        let text = value.to_json();
        let Ok(input) = read::parse_single(text.as_bytes()) else { return Vec::new() };
        let ctx = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let found = self.filter.id.run((ctx, input)).map(unwrap_valr).take(PLACES);
        found.map_while(Result::ok).filter_map(|path| steps(&path.to_string())).collect()
    }
}

/// Reads a path as jq prints it: an array of names and numbers.
fn steps(json: &str) -> Option<Vec<Step>> {
    let path = Value::from_json(json.as_bytes()).ok()?;
    path.as_list()?
        .iter()
        .map(|step| match step {
            Value::String(name) => Some(Step::Name(name.to_string())),
            Value::Int(index) => usize::try_from(*index).ok().map(Step::Index),
            _ => None,
        })
        .collect()
}

/// Whether everything in a filter is on the list; the first thing that is not.
fn check(term: &Term<&str>, walks: &mut usize) -> Result<(), String> {
    match term {
        Term::Id | Term::Num(_) => Ok(()),
        Term::Recurse => {
            *walks += 1;
            Ok(())
        }
        Term::Str(_, parts) => parts.iter().try_for_each(|part| match part {
            StrPart::Term(term) => check(term, walks),
            StrPart::Str(_) | StrPart::Char(_) => Ok(()),
        }),
        Term::Arr(inner) => inner.iter().try_for_each(|term| check(term, walks)),
        Term::Neg(inner) => check(inner, walks),
        Term::BinOp(left, op, right) => {
            check_operator(op)?;
            check(left, walks)?;
            check(right, walks)
        }
        Term::TryCatch(body, handler) => {
            check(body, walks)?;
            handler.iter().try_for_each(|term| check(term, walks))
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                check(condition, walks)?;
                check(then, walks)?;
            }
            otherwise.iter().try_for_each(|term| check(term, walks))
        }
        Term::Call(name, arguments) if FUNCTIONS.contains(name) => {
            *walks += usize::from(matches!(*name, "recurse" | "paths"));
            if *name == "recurse" && !arguments.is_empty() {
                return Err("recurse with a filter".to_owned());
            }
            arguments.iter().try_for_each(|term| check(term, walks))
        }
        Term::Call(name, _) => Err(format!("the function {name}")),
        Term::Path(head, path) => {
            check(head, walks)?;
            check_path(path, walks)
        }
        Term::Obj(_) => Err("an object".to_owned()),
        Term::Var(name) => Err(format!("the variable {name}")),
        Term::Label(..) | Term::Break(_) => Err("label and break".to_owned()),
        Term::Fold(name, ..) => Err((*name).to_owned()),
        Term::Def(..) => Err("a definition".to_owned()),
    }
}

fn check_path(path: &Path<Term<&str>>, walks: &mut usize) -> Result<(), String> {
    for (part, _) in &path.0 {
        match part {
            Part::Index(term) => check(term, walks)?,
            Part::Range(from, to) => from.iter().chain(to).try_for_each(|term| check(term, walks))?,
        }
    }
    Ok(())
}

fn check_operator(op: &BinaryOp<&str>) -> Result<(), String> {
    match op {
        BinaryOp::Pipe(None)
        | BinaryOp::Comma
        | BinaryOp::Alt
        | BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Math(_)
        | BinaryOp::Cmp(_) => Ok(()),
        BinaryOp::Pipe(Some(_)) => Err("a variable".to_owned()),
        _ => Err("an assignment".to_owned()),
    }
}

impl fmt::Display for JqPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for JqPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JqPath({})", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tautline_core::value;

    fn paths(source: &str) -> Vec<String> {
        let value = value!({ "spec": { "replicas": 2, "containers": [
            { "name": "app", "image": "a" }, { "name": "proxy", "image": "b", "env": ["x"] } ] } });
        let found = JqPath::new(source).unwrap().paths(&value);
        found.iter().map(|steps| format!("{steps:?}").replace("Name", "").replace("Index", "")).collect()
    }

    #[test]
    fn expressions_name_places() {
        assert_eq!(paths(".spec.replicas"), [r#"[("spec"), ("replicas")]"#]);
        assert_eq!(
            paths(r#".spec.containers[] | select(.name == "proxy")"#),
            [r#"[("spec"), ("containers"), (1)]"#]
        );
        assert_eq!(
            paths(r#".spec.containers[]?.env[]?"#),
            [r#"[("spec"), ("containers"), (1), ("env"), (0)]"#]
        );
        assert_eq!(paths(".spec.nothing.there"), [r#"[("spec"), ("nothing"), ("there")]"#]);
    }

    #[test]
    fn what_names_no_place_or_may_not_end_is_refused() {
        for source in [
            "def f: f; f",
            "env.PATH",
            "$__loc__",
            "input",
            "[limit(3; repeat(1))]",
            "until(false; .)",
            "range(9)",
            "reduce .[] as $x (0; . + $x)",
            ".a = 1",
            ".. | .. | .. | .. | .. | .. | .. | .. | ..",
            "label $x | 1",
            "recurse(.a)",
            "{a: 1}",
            "now",
            "ltrimstr(",
            "while(true; .)",
            "splits(\"a\")",
        ] {
            assert!(JqPath::new(source).is_err(), "{source}");
        }
    }
}
