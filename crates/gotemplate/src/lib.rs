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
pub use exec::{Engine, EvaluateError, Go, MissingKey, Options, Warning};
pub use functions::{Call, Function, Functions, Signature, Type};
pub use json::{JsonStyle, decode_json, encode_json};
pub use parse::Tree;
pub use templates::Templates;
pub use value::{Elem, Host, Kind, List, Map, MapType, NotConvertible, Number, Str, Value};
