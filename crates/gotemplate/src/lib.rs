//! Go templates in Rust: text/template and the sprig functions, compiled once and rendered many times.
//!
//! A Go template is text with actions between `{{` and `}}`:
//!
//! ```
//! use std::sync::Arc;
//! use tautline_gotemplate::{Engine, Functions, Map, Options, Templates, Value};
//!
//! // 1. Parse. Functions are looked up now, so a wrong name is an error with its line.
//! let mut templates = Templates::new(Functions::sprig());
//! templates.parse("greeting", "Hello {{ .name | upper }}!{{ range $i, $x := .items }} {{ $i }}={{ $x }}{{ end }}")?;
//! let templates = Arc::new(templates);
//!
//! // 2. Run, as often as wanted and on as many threads as wanted: the set never changes.
//! let dot: Map = [("name", Value::from("world")), ("items", vec!["a", "b"].into())].into_iter().collect();
//! let mut engine = Engine::new(templates, Options::default());
//! assert_eq!(engine.execute("greeting", &dot.into())?, "Hello WORLD! 0=a 1=b");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is what
//! | type | what it is |
//! |---|---|
//! | [`Value`] | what templates work with: Go's kinds, so that `printf "%T"` and `eq 1 1.0` answer as in Go |
//! | [`Map`] | a map by reference: what `set` changes, everyone sees |
//! | [`Host`] | your own objects with fields and methods: `.Files.Get "a.txt"` |
//! | [`Functions`] | what templates may call: Go's own, sprig's, yours |
//! | [`Templates`] | a set of parsed templates that call each other |
//! | [`Engine`] | one run: budget, clock, random numbers, warnings |
//! | [`encode_json`], [`decode_json`] | Go's JSON, byte for byte |
//! | [`ParseError`], [`ExecError`], [`Failure`] | errors in Go's words, with place and chain of causes |
//!
//! # Functions of your own
//! A function has a signature in Go's types; the engine checks arguments against it and words the errors. It is
//! given the running engine, so that it can run templates itself, as Helm's `include` and `tpl` do:
//!
//! ```
//! # use std::sync::Arc;
//! # use tautline_gotemplate::*;
//! let mut functions = Functions::sprig();
//! functions.add("include", Signature::fixed(&[Type::String, Type::Any]), |call| {
//!     let text = call.engine.execute(call.text(0).as_bytes(), call.arg(1))?;
//!     Ok(text.into())
//! });
//! functions.add("tpl", Signature::fixed(&[Type::String, Type::Any]), |call| {
//!     let text = call.engine.evaluate("gotpl", call.text(0), call.arg(1))?;
//!     Ok(Str::from_bytes(text).into())
//! });
//! let mut templates = Templates::new(functions);
//! templates.parse("main", r#"{{ define "hi" }}hi {{ . }}{{ end }}{{ include "hi" "you" | upper }} {{ tpl "{{ . }}" 1 }}"#)?;
//! let mut engine = Engine::new(Arc::new(templates), Options::default());
//! assert_eq!(engine.execute("main", &Value::Nil)?, "HI YOU 1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! # Your own objects
//! [`Host`] is Go's struct, map or slice with methods. Methods have signatures too, and go before fields:
//!
//! ```
//! # use std::sync::Arc;
//! # use tautline_gotemplate::*;
//! #[derive(Debug)]
//! struct Versions(Vec<&'static str>);
//!
//! impl Host for Versions {
//!     fn type_name(&self) -> &str { "app.Versions" }
//!     fn kind(&self) -> Kind { Kind::Slice }
//!     fn field(&self, _: &str) -> Option<Value> { None }
//!     fn method(&self, name: &str) -> Option<Signature> {
//!         (name == "Has").then_some(Signature::fixed(&[Type::String]))
//!     }
//!     fn call(&self, _: &str, call: &mut Call<'_>) -> Result<Value, Failure> {
//!         Ok(self.0.iter().any(|version| *call.text(0) == *version).into())
//!     }
//!     fn entries(&self) -> Vec<(Value, Value)> {
//!         self.0.iter().enumerate().map(|(i, v)| (Value::Int(i as i64), (*v).into())).collect()
//!     }
//!     fn as_any(&self) -> &dyn std::any::Any { self }
//! }
//!
//! let mut templates = Templates::new(Functions::builtin());
//! templates.parse("t", r#"{{ .Has "v1" }} {{ .Has "v2" }} {{ range . }}{{ . }}{{ end }} {{ printf "%T" . }}"#)?;
//! let mut engine = Engine::new(Arc::new(templates), Options::default());
//! assert_eq!(engine.execute("t", &Value::host(Versions(vec!["v1"])))?, "true false v1 app.Versions");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Errors
//! They are Go's to the letter, and structured: [`Failure::cause`] leads from the outermost template to the one
//! that failed, each with file, line, column and node.
//!
//! ```
//! # use std::sync::Arc;
//! # use tautline_gotemplate::*;
//! let mut templates = Templates::new(Functions::sprig());
//! templates.parse("a.yaml", "x: 1\ny: {{ .name.first }}")?;
//! let dot: Map = [("name", Value::Nil)].into_iter().collect();
//! let failure = Engine::new(Arc::new(templates), Options::default()).execute("a.yaml", &dot.into());
//! let failure = failure.unwrap_err();
//! assert_eq!(
//!     failure.to_string(),
//!     r#"template: a.yaml:2:11: executing "a.yaml" at <.name.first>: nil pointer evaluating interface {}.first"#
//! );
//! assert_eq!(failure.cause.and_then(|error| error.place).map(|place| place.line), Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Hostile templates, and templates that must render the same again
//! A template is text from somewhere. A run has a budget of steps, bytes and depth ([`Options`]); loops, recursion,
//! doubling strings and maps that hold themselves end in an error soon, and no nesting overflows the stack. It reads
//! nothing that it is not given: there is no `env`, no DNS, `now` is [`Options::now`], the local zone is UTC, and
//! random text and keys come from [`Options::seed`]. Two runs with the same options give the same bytes;
//! [`Engine::warnings`] tells which functions would give others elsewhere.
//!
//! # Features
//! `crypto` (hashes, passwords, keys, certificates) and `zones` (time zones by name) are on by default. Without them
//! the crate depends on little.
//!
//! # What it does not do
//! - Channels and iterator functions: a [`Value`] is never one, so `range` meets none.
//! - Addresses of pointers print as one constant; `keys` and `values` are sorted, where Go's order is random.
//! - Templates may be 10 000 deep within each other, where Go allows 100 000.
//! - Regular expressions are those of RE2, except that a repetition right after flags (`x(?i)*`) and a group name
//!   used twice are refused.
//! - Helm's own functions (`include`, `tpl`, `toYaml`, `lookup`, …) belong to crate `tautline-helm`.
#![forbid(unsafe_code)]

mod builtin;
mod error;
mod exec;
mod format;
mod functions;
mod json;
mod parse;
mod sprig;
mod templates;
mod time;
mod value;

pub use error::{ExecError, Exhausted, Failure, ParseError, Place};
pub use exec::{Engine, EvaluateError, Go, MissingKey, Options, Trace, Warning};
pub use format::quote;
pub use functions::{Call, Function, Functions, Signature, Type};
pub use json::{JsonStyle, decode_json, encode_json};
pub use parse::Tree;
pub use templates::{Parsed, Templates};
pub use value::{Elem, Host, Kind, List, Map, MapType, NotConvertible, Number, Str, Value};
