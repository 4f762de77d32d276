//! [`Functions`]: what a template may call.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::value::Elem;
use crate::{Engine, Failure, List, Map, Str, Value};

/// The type of a parameter, as a Go function declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything; an absent value is nil.
    Any,
    /// `reflect.Value`: anything, and an absent value stays one. Go's own functions take it.
    Reflect,
    /// `bool`.
    Bool,
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `float64`.
    Float,
    /// `string`.
    String,
    /// `[]interface {}`.
    List,
    /// `[]string`.
    Strings,
    /// `[]byte`.
    Bytes,
    /// `map[string]interface {}`, under any name.
    Map,
    /// `map[string]string`.
    StringMap,
    /// A host's type, by [`crate::Host::type_name`].
    Host(&'static str),
}

impl Type {
    /// The type's name in Go's messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Int64 => "int64",
            Self::Float => "float64",
            Self::String => "string",
            Self::List => "[]interface {}",
            Self::Strings => "[]string",
            Self::Bytes => "[]uint8",
            Self::Map => "map[string]interface {}",
            Self::StringMap => "map[string]string",
            Self::Host(name) => name,
        }
    }

    /// Go's zero value, for the types that can be nil.
    pub(crate) fn nil(self) -> Option<Value> {
        Some(match self {
            Self::Any => Value::Nil,
            Self::Reflect => Value::NoValue,
            Self::List => Value::List(List::nil(Elem::Any)),
            Self::Strings => Value::List(List::nil(Elem::String)),
            Self::Bytes => Value::Bytes(Arc::new([])),
            Self::Map | Self::StringMap => Value::Map(Map::nil()),
            Self::Host(name) if name.starts_with('*') => Value::Nil,
            _ => return None,
        })
    }

    /// Whether a value that is not nil may be given for it.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any | Self::Reflect, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_))
            | (Self::String, Value::String(_))
            | (Self::Bytes, Value::Bytes(_)) => true,
            (Self::Int64, Value::Number(n)) => matches!(n, crate::Number::Int64(_)),
            (Self::List, Value::List(list)) => list.elem() == Elem::Any,
            (Self::Strings, Value::List(list)) => list.elem() == Elem::String,
            (Self::Map, Value::Map(map)) => map.elem() == Elem::Any,
            (Self::StringMap, Value::Map(map)) => map.elem() == Elem::String,
            (Self::Host(name), Value::Host(host)) => host.type_name() == name,
            _ => false,
        }
    }
}

/// The parameters of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The parameters that must be given.
    pub params: &'static [Type],
    /// The type of any number of further ones, if it takes them.
    pub rest: Option<Type>,
}

impl Signature {
    /// A fixed number of parameters.
    pub const fn fixed(params: &'static [Type]) -> Self {
        Self { params, rest: None }
    }

    /// Some parameters, and then any number.
    pub const fn variadic(params: &'static [Type], rest: Type) -> Self {
        Self { params, rest: Some(rest) }
    }
}

/// A call of a function or method: its arguments, and the engine it runs in.
#[derive(Debug)]
pub struct Call<'c> {
    /// The arguments. They fit the signature.
    pub args: &'c [Value],
    /// The engine: templates, budget, random numbers, the embedder's state.
    pub engine: &'c mut Engine,
}

impl<'c> Call<'c> {
    /// An argument; nil beyond the last.
    pub fn arg(&self, i: usize) -> &'c Value {
        self.args.get(i).unwrap_or(&Value::Nil)
    }

    /// A `string` argument; empty if it is something else.
    pub fn text(&self, i: usize) -> &'c Str {
        const EMPTY: &Str = &Str::from_static("");
        self.arg(i).as_string().unwrap_or(EMPTY)
    }

    /// An `int` or `int64` argument; zero if it is something else.
    pub fn int(&self, i: usize) -> i64 {
        self.arg(i).as_signed().unwrap_or(0)
    }

    /// A `bool` argument.
    pub fn bool(&self, i: usize) -> bool {
        matches!(self.arg(i), Value::Bool(true))
    }

    /// A map argument. The signature says it is one; nil maps come out empty.
    pub fn map(&self, i: usize) -> Map {
        self.arg(i).as_map().cloned().unwrap_or_else(Map::nil)
    }

    /// The arguments from the `i`th on.
    pub fn rest(&self, i: usize) -> &'c [Value] {
        self.args.get(i..).unwrap_or(&[])
    }
}

type Body = dyn Fn(&mut Call<'_>) -> Result<Value, Failure> + Send + Sync;

/// A function of a template.
pub struct Function {
    name: Box<str>,
    pub(crate) signature: Signature,
    pub(crate) body: FunctionBody,
}

/// What runs. Go's `and`, `or` and `call` see their arguments before they are evaluated.
pub(crate) enum FunctionBody {
    Native(Native),
    Closure(Box<Body>),
    And,
    Or,
    Call,
}

/// A function of this crate.
pub(crate) type Native = fn(&mut Call<'_>) -> Result<Value, Failure>;

impl Function {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of its Go type; results are not known.
    pub(crate) fn type_name(&self) -> String {
        let mut params: Vec<String> = self.signature.params.iter().map(|t| t.name().to_owned()).collect();
        params.extend(self.signature.rest.map(|t| format!("...{}", t.name())));
        format!("func({}) interface {{}}", params.join(", "))
    }

    /// Calls it with arguments that fit its signature.
    pub(crate) fn run(&self, engine: &mut Engine, args: &[Value]) -> Result<Value, Failure> {
        let mut call = Call { args, engine };
        match &self.body {
            FunctionBody::Native(native) => native(&mut call),
            FunctionBody::Closure(closure) => closure(&mut call),
            FunctionBody::And | FunctionBody::Or | FunctionBody::Call => {
                Err(Failure::new(format!("{} can't be called through a value", self.name)))
            }
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.type_name())
    }
}

/// The functions of a set of templates, by name. Names are looked up when a template is parsed, never when it
/// runs.
#[derive(Clone, Debug)]
pub struct Functions {
    by_name: HashMap<Box<str>, Arc<Function>>,
}

/// A function in a table.
pub(crate) type Entry = (&'static str, Signature, Native);

impl Functions {
    /// Go's own: `and`, `or`, `not`, `len`, `index`, `slice`, `print…`, `html`, `js`, `urlquery`, `call`, and
    /// the comparisons.
    pub fn builtin() -> Self {
        let mut functions = Self { by_name: HashMap::new() };
        functions.add_table(crate::builtin::FUNCTIONS);
        let any = Signature::variadic(&[Type::Reflect], Type::Reflect);
        for (name, body) in
            [("and", FunctionBody::And), ("or", FunctionBody::Or), ("call", FunctionBody::Call)]
        {
            functions.insert(name, any, body);
        }
        functions
    }

    /// Go's own and all of sprig 3.3's, without `env` and `expandenv`: a template reads no environment.
    pub fn sprig() -> Self {
        let mut functions = Self::builtin();
        for table in crate::sprig::TABLES {
            functions.add_table(table);
        }
        functions
    }

    /// Adds a function, or puts it in the place of another.
    pub fn add(
        &mut self,
        name: &str,
        signature: Signature,
        body: impl Fn(&mut Call<'_>) -> Result<Value, Failure> + Send + Sync + 'static,
    ) {
        self.insert(name, signature, FunctionBody::Closure(Box::new(body)));
    }

    /// Takes a function out. Templates that name it no longer parse.
    pub fn remove(&mut self, name: &str) {
        self.by_name.remove(name);
    }

    /// The function of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.by_name.get(name)
    }

    /// The names, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.by_name.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    fn add_table(&mut self, table: &[Entry]) {
        for (name, signature, native) in table {
            self.insert(name, *signature, FunctionBody::Native(*native));
        }
    }

    fn insert(&mut self, name: &str, signature: Signature, body: FunctionBody) {
        self.by_name.insert(name.into(), Arc::new(Function { name: name.into(), signature, body }));
    }
}
