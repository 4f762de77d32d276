//! CEL as Kubernetes runs it: an expression is compiled once and evaluated many times, over values that Kubernetes
//! knows the schema of, with its library of functions (strings, lists, sets, regular expressions, URLs, IP addresses,
//! quantities, semantic versions, formats).
//!
//! The language is the `cel` crate's, the functions are `kube-cel`'s. This crate adds what hostile input needs:
//!
//! - [`Expression::compile`] refuses texts that are too long or too deep *before* anything recursive sees them;
//! - [`Expression::evaluate`] first works out an upper bound of steps and of bytes ([`Refused::TooDear`]) and refuses
//!   what may exceed its [`Budget`]. As with kube-apiserver's cost limit, an expression is refused by what it may cost.
//!
//! A value becomes a variable by its schema ([`Variable::typed`]): dates become timestamps, integers where the schema
//! says `number` become doubles, names that CEL cannot spell are escaped (`x-y` is `x__dash__y`), and fields that the
//! schema does not tell are not seen.
//!
//! ```
//! use tautline_cel::{Expression, Variable};
//! use tautline_core::{Budget, value};
//!
//! let rule = Expression::compile("!has(self.min) || self.min <= self.max", &Budget::default())?;
//! let this = value!({ "min": 3, "max": 1 });
//! assert!(!rule.holds(&[("self", Variable::plain(&this))], &Budget::default())?);
//! # Ok::<(), tautline_cel::Refused>(())
//! ```
#![forbid(unsafe_code)]

mod authorizer;
mod bound;
mod check;
mod corrected;
mod fields;
mod functions;
mod lower;
mod tokens;
mod types;
mod variable;

use cel::{Context, IdedExpr};
use kube_cel::KubeCelExt as _;
use tautline_core::{Budget, Value};

pub use authorizer::{Asked, Authorizer};
pub use types::{Declarations, ObjectType, Type};
pub use variable::{Built, Variable, escape, is_reserved};

/// The longest text of an expression, in bytes.
pub const LONGEST: usize = 64 << 10;
/// How many signs an expression may have: each may be a level of its tree.
const MOST_SIGNS: usize = 4_000;
/// The stack that parsing and evaluating get, in bytes: what [`MOST_SIGNS`] levels need.
const STACK: usize = 64 << 20;
/// How much memory strings and lists of one evaluation may take, in bytes, at worst.
const MOST_BYTES: u64 = 256 << 20;

/// Why an expression gives no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is longer or deeper than is allowed; shorten or split the expression.
    #[error("the expression has {0} bytes or signs, more than is allowed")]
    TooLong(usize),
    /// The text is no CEL. In cel-go's words, with the place.
    #[error("{0}")]
    Syntax(String),
    /// Evaluating it on these values may take more steps or memory than the budget has.
    #[error("the expression may take {0} steps on these values, more than the budget allows")]
    TooDear(u64),
    /// Evaluating it failed: a missing key, an overflow, no such overload.
    #[error("{0}")]
    Failed(String),
    /// It asked for a name that no variable has; holds the name.
    #[error("undeclared reference to '{0}' (in container '')")]
    Unset(String),
    /// The value is of another type than was asked for; holds the type it has.
    #[error("the expression gives a {0}")]
    Mistyped(String),
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    text: String,
    /// As it was parsed.
    tree: IdedExpr,
    /// What is evaluated.
    lowered: IdedExpr,
    kind: Type,
}

impl Expression {
    /// Compiles an expression of which it is not known what it may name.
    ///
    /// # Errors
    /// What is too long or not CEL.
    pub fn compile(text: &str, budget: &Budget) -> Result<Self, Refused> {
        let tree = parse(text, budget)?;
        if let Some(name) = stacker::grow(STACK, || lower::built(&tree)) {
            let at = text.find('{').unwrap_or(0);
            let what = format!("undeclared reference to '{name}' (in container '')");
            return Err(Refused::Syntax(tokens::complaint(text, at, &what)));
        }
        let lowered = lowered(&tree, &Declarations::default());
        Ok(Self { text: text.to_owned(), tree, lowered, kind: Type::Dyn })
    }

    /// Compiles an expression and holds it against what it may name, as kube-apiserver does it for an admission
    /// policy: names, fields, operators and functions must be known and fit.
    ///
    /// # Errors
    /// What is too long, not CEL, or does not fit; all that does not fit is told, in cel-go's words.
    pub fn checked(text: &str, declared: &Declarations, budget: &Budget) -> Result<Self, Refused> {
        let tree = parse(text, budget)?;
        let kind = stacker::grow(STACK, || check::check(text, &tree, declared)).map_err(Refused::Syntax)?;
        let lowered = lowered(&tree, declared);
        Ok(Self { text: text.to_owned(), tree, lowered, kind })
    }

    /// What the expression's value is, as far as it can be told from the text; [`Type::Dyn`] unless it was
    /// [`checked`](Self::checked).
    pub fn kind(&self) -> &Type {
        &self.kind
    }

    /// The names of `variables.NAME` that the expression reads.
    pub fn composed(&self) -> Vec<String> {
        stacker::grow(STACK, || lower::composed(&self.tree))
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the expression reads a variable.
    pub fn reads(&self, variable: &str) -> bool {
        stacker::grow(STACK, || self.tree.references().has_variable(variable))
    }

    /// The first field of a variable that the schema does not know, in cel-go's words and with its place; `None`
    /// when every field that can be told from the text is known.
    pub fn unknown_field(&self, variables: &[&str], schema: &Value) -> Option<String> {
        stacker::grow(STACK, || fields::unknown(&self.tree, &self.text, variables, schema))
    }

    /// The value as a truth.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and [`Refused::Mistyped`] for anything but a `bool`.
    pub fn holds(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<bool, Refused> {
        match self.run(variables, budget)?.0 {
            cel::Value::Bool(truth) => Ok(truth),
            other => Err(Refused::Mistyped(other.type_of().to_string())),
        }
    }

    /// The value, as far as JSON has one; timestamps, durations and what else has no such form are refused.
    ///
    /// # Errors
    /// [`Refused::TooDear`], [`Refused::Failed`], [`Refused::Mistyped`].
    pub fn evaluate(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<Value, Refused> {
        variable::to_core(&self.run(variables, budget)?.0)
    }

    /// The value as another expression can use it.
    ///
    /// # Errors
    /// [`Refused::TooDear`], [`Refused::Failed`], [`Refused::Unset`].
    pub fn variable(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<Variable, Refused> {
        let (value, cost) = self.run(variables, budget)?;
        Ok(Variable { value, bytes: cost.bytes, items: cost.items })
    }

    /// The value with the names of the types of what was built: `Object{…}`, `JSONPatch{…}`.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn build(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<Built, Refused> {
        variable::to_built(&self.run(variables, budget)?.0)
    }

    fn run(
        &self,
        variables: &[(&str, Variable)],
        budget: &Budget,
    ) -> Result<(cel::Value, bound::Cost), Refused> {
        if budget.cancel.is_cancelled() {
            return Err(Refused::Failed("cancelled".to_owned()));
        }
        stacker::grow(STACK, || {
            let cost = bound::of(&self.lowered, variables);
            if cost.steps > budget.steps || cost.bytes > MOST_BYTES {
                return Err(Refused::TooDear(cost.steps.max(cost.bytes)));
            }
            let mut context = Context::default().with_all();
            corrected::add(&mut context);
            if variables.iter().any(|(name, _)| *name == "authorizer") {
                authorizer::add(&mut context);
            }
            for (name, variable) in variables {
                context.add_variable_from_value(*name, variable.value.clone());
            }
            match context.resolve(&self.lowered) {
                Ok(value) => Ok((value, cost)),
                // These two hide what lies below.
                Err(cel::ExecutionError::NoSuchOverload | cel::ExecutionError::MissingArgumentOrTarget) => {
                    let (part, missing) = lower::culprit(&self.lowered, &context);
                    Err(match (missing, context.resolve(part)) {
                        (Some(missing), _) => Refused::Failed(missing),
                        (None, Err(why)) => refused(&why),
                        (None, Ok(_)) => Refused::Failed("no such overload".to_owned()),
                    })
                }
                Err(why) => Err(refused(&why)),
            }
        })
    }
}

/// The tree may be as deep as the text has signs.
fn lowered(tree: &IdedExpr, declared: &Declarations) -> IdedExpr {
    stacker::grow(STACK, || lower::lower(tree.clone(), declared))
}

fn parse(text: &str, budget: &Budget) -> Result<IdedExpr, Refused> {
    if text.len() > LONGEST.min(budget.bytes) {
        return Err(Refused::TooLong(text.len()));
    }
    let signs = text.bytes().filter(|b| b.is_ascii_punctuation() && *b != b'_').count();
    if signs > MOST_SIGNS {
        return Err(Refused::TooLong(signs));
    }
    let parser = cel::parser::Parser::default().enable_optional_syntax(true);
    // cel-go sets the text off by a space more.
    let words = |errors: cel::ParseErrors| errors.to_string().replace("\n| ", "\n | ");
    stacker::grow(STACK, || parser.parse(text)).map_err(|errors| Refused::Syntax(words(errors)))
}

fn refused(error: &cel::ExecutionError) -> Refused {
    match error {
        cel::ExecutionError::UndeclaredReference(name) => Refused::Unset(name.to_string()),
        other => Refused::Failed(words(other)),
    }
}

/// An error in cel-go's words, as far as they are known.
fn words(error: &cel::ExecutionError) -> String {
    match error {
        cel::ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        cel::ExecutionError::NoSuchOverload => "no such overload".to_owned(),
        cel::ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        cel::ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        cel::ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        cel::ExecutionError::IndexOutOfBounds(cel::Value::Int(index)) => {
            format!("index out of bounds: {index}")
        }
        cel::ExecutionError::UnsupportedBinaryOperator(..)
        | cel::ExecutionError::UnsupportedUnaryOperator(..)
        | cel::ExecutionError::ValuesNotComparable(..) => "no such overload".to_owned(),
        // Others hold the values themselves, which may be secrets.
        cel::ExecutionError::FunctionError { function, .. } => format!("error in function {function}"),
        _ => "the expression does not fit its values".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tautline_core::value;

    fn eval(text: &str, this: &Value) -> Result<Value, Refused> {
        let budget = Budget { steps: 1_000_000, ..Budget::default() };
        Expression::compile(text, &budget)?.evaluate(&[("self", Variable::plain(this))], &budget)
    }

    #[test]
    fn the_library_is_kubernetes() {
        let check = |text: &str| {
            let this = value!({ "names": ["b", "a"], "n": 2, "cpu": "500m", "at": { "x-y": 1 } });
            assert_eq!(eval(text, &this), Ok(Value::Bool(true)), "{text}");
        };
        check("self.names.all(n, n.size() == 1) && !self.names.isSorted()");
        check("self.names.exists_one(n, n == 'a') && self.names.map(n, n + n) == ['bb', 'aa']");
        check("quantity(self.cpu).isLessThan(quantity('1'))");
        check("isURL('https://a.b/c') && url('https://a.b/c').getHostname() == 'a.b'");
        check("ip('10.0.0.1').family() == 4 && cidr('10.0.0.0/8').containsIP('10.0.0.1')");
        check("'a-b'.split('-').size() == 2 && 'abc123'.find('[0-9]+') == '123'");
        check("has(self.n) && !has(self.m) && self.at['x-y'] == 1");
    }

    #[test]
    fn hostile_expressions_end_in_errors() {
        let nothing = value!({ "l": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
        let nested = |depth: usize| {
            let start: String = (0..depth).map(|i| format!("self.l.all(x{i}, ")).collect();
            format!("{start}true{}", ")".repeat(depth))
        };
        assert!(matches!(eval(&nested(12), &nothing), Err(Refused::TooDear(_))));
        assert!(matches!(eval(&"(".repeat(10_000), &nothing), Err(Refused::TooLong(_))));
        assert!(matches!(eval(&"!".repeat(3_000), &nothing), Err(Refused::Syntax(_))));
        let long = "1".to_owned() + &"+1".repeat(3_000);
        let ended = eval(&long, &nothing);
        assert!(matches!(ended, Ok(_) | Err(Refused::TooDear(_))), "{ended:?}");
        let bomb = "'a'".to_owned() + &".replace('a', 'aaaaaaaaaa')".repeat(40);
        assert!(matches!(eval(&bomb, &nothing), Err(Refused::TooDear(_))));
        assert!(matches!(eval("self.nope", &nothing), Err(Refused::Failed(_))));
        assert_eq!(
            Expression::compile("1", &Budget::default()).and_then(|e| e.holds(&[], &Budget::default())),
            Err(Refused::Mistyped("int".into()))
        );
    }

    #[test]
    fn what_is_no_map_has_no_keys() {
        let this = value!({ "a": null, "t": "x", "l": [1] });
        let failed = |text: &str| match eval(text, &this) {
            Err(Refused::Failed(why)) => why,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(failed("self.a.b == 1"), "no such key: b");
        assert_eq!(failed("self.t.b.c == 1"), "no such key: b");
        assert_eq!(failed("self.nope == 1"), "no such key: nope");
        assert_eq!(failed("self.t > 3"), "no such overload");
        assert_eq!(failed("self.l[7] == 1"), "index out of bounds: 7");
        assert_eq!(failed("string(self.nope) == ''"), "no such key: nope");
        assert_eq!(failed("int(self.nope) == 1"), "no such key: nope");
        assert_eq!(failed("size(self.nope) == 1"), "no such key: nope");
        assert_eq!(failed("self.nope.startsWith('a')"), "no such key: nope");
        assert_eq!(failed("'a'.startsWith(self.nope)"), "no such key: nope");
        assert_eq!(failed("[1].map(x, string(self.nope)).size() == 1"), "no such key: nope");
        assert_eq!(eval("string(true) + string(1) + string(2.5)", &this), Ok(Value::from("true12.5")));
        assert_eq!(eval("size('äö') + 'ü'.size()", &this), Ok(Value::Int(3)));
        assert_eq!(eval("type(self.t) == string && type(1) == int", &this), Ok(Value::Bool(true)));
        assert_eq!(eval("has(self.a.b)", &this), Ok(Value::Bool(false)));
        assert!(matches!(eval("Foo{a: 1}", &this), Err(Refused::Syntax(_))));
    }

    #[test]
    fn objects_are_built_with_their_names() {
        let declared = Declarations {
            variables: [("object".to_owned(), Type::Dyn)].into_iter().collect(),
            composed: Some([("n".to_owned(), Type::Int)].into_iter().collect()),
            builds_objects: true,
        };
        let budget = Budget { steps: 1_000_000, ..Budget::default() };
        let text = "Object{spec: Object.spec{replicas: variables.n, ?paused: optional.none()}}";
        let expression = Expression::checked(text, &declared, &budget).unwrap();
        assert_eq!(expression.composed(), ["n"]);
        let n = Variable::plain(&Value::Int(3));
        let spec = vec![("replicas".to_owned(), Built::Plain(Value::Int(3)))];
        assert_eq!(
            expression.build(&[("variables.n", n)], &budget),
            Ok(Built::Object(
                "Object".into(),
                vec![("spec".into(), Built::Object("Object.spec".into(), spec))]
            ))
        );
        assert_eq!(expression.build(&[], &budget), Err(Refused::Unset("variables.n".into())));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9'\"\\.\\(\\)\\[\\]\\{\\}:,?!<>=&|+*/% -]{0,60}") {
            let _ = eval(&text, &value!({ "a": [1, "x", null] }));
        }
    }
}
