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

mod bound;
mod fields;
mod variable;

use cel::{Context, Program};
use kube_cel::KubeCelExt as _;
use tautline_core::{Budget, Value};

pub use variable::{Variable, escape};

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
    /// The value is of another type than was asked for; holds the type it has.
    #[error("the expression gives a {0}")]
    Mistyped(String),
}

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    text: String,
    program: Program,
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is too long or not CEL.
    pub fn compile(text: &str, budget: &Budget) -> Result<Self, Refused> {
        if text.len() > LONGEST.min(budget.bytes) {
            return Err(Refused::TooLong(text.len()));
        }
        let signs = text.bytes().filter(|b| b.is_ascii_punctuation() && *b != b'_').count();
        if signs > MOST_SIGNS {
            return Err(Refused::TooLong(signs));
        }
        let program = stacker::grow(STACK, || Program::compile(text))
            .map_err(|errors| Refused::Syntax(errors.to_string()))?;
        Ok(Self { text: text.to_owned(), program })
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the expression reads a variable.
    pub fn reads(&self, variable: &str) -> bool {
        stacker::grow(STACK, || self.program.references().has_variable(variable))
    }

    /// The first field of a variable that the schema does not know, in cel-go's words and with its place; `None`
    /// when every field that can be told from the text is known.
    pub fn unknown_field(&self, variables: &[&str], schema: &Value) -> Option<String> {
        stacker::grow(STACK, || fields::unknown(&self.program, &self.text, variables, schema))
    }

    /// The value as a truth.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and [`Refused::Mistyped`] for anything but a `bool`.
    pub fn holds(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<bool, Refused> {
        match self.run(variables, budget)? {
            cel::Value::Bool(truth) => Ok(truth),
            other => Err(Refused::Mistyped(other.type_of().to_string())),
        }
    }

    /// The value, as far as JSON has one; timestamps, durations and what else has no such form are refused.
    ///
    /// # Errors
    /// [`Refused::TooDear`], [`Refused::Failed`], [`Refused::Mistyped`].
    pub fn evaluate(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<Value, Refused> {
        variable::to_core(&self.run(variables, budget)?)
    }

    fn run(&self, variables: &[(&str, Variable)], budget: &Budget) -> Result<cel::Value, Refused> {
        if budget.cancel.is_cancelled() {
            return Err(Refused::Failed("cancelled".to_owned()));
        }
        stacker::grow(STACK, || {
            let cost = bound::of(self.program.expression(), variables);
            if cost.steps > budget.steps || cost.bytes > MOST_BYTES {
                return Err(Refused::TooDear(cost.steps.max(cost.bytes)));
            }
            let mut context = Context::default().with_all();
            for (name, variable) in variables {
                context.add_variable_from_value(*name, variable.value.clone());
            }
            self.program.execute(&context).map_err(|why| Refused::Failed(words(&why)))
        })
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

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9'\"\\.\\(\\)\\[\\]\\{\\}:,?!<>=&|+*/% -]{0,60}") {
            let _ = eval(&text, &value!({ "a": [1, "x", null] }));
        }
    }
}
