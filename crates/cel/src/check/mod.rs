//! What is wrong with an expression that can be told before it is evaluated, in cel-go's words: names that nobody
//! declared, fields that an object has not, operators and functions on values they do not take.
//!
//! The parser's tree has no places. It is walked in the order of the text, and each part is looked for behind the one
//! before it.

mod overloads;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, StructExpr, operators};

use crate::functions;
use crate::tokens::{Token, complaint, tokens};
use crate::types::{Declarations, Type};
use overloads::{binary, indexes, sign_of};

/// The type of an expression's value.
///
/// # Errors
/// Every complaint, with its place, a paragraph each.
pub(crate) fn check(text: &str, tree: &IdedExpr, declared: &Declarations) -> Result<Type, String> {
    let mut checker =
        Checker { text, tokens: tokens(text), at: 0, declared, scope: Vec::new(), found: Vec::new() };
    let (of, _) = checker.walk(tree);
    if checker.found.is_empty() {
        return Ok(of);
    }
    checker.found.sort_by_key(|(at, _)| *at);
    let lines: Vec<String> = checker.found.iter().map(|(at, what)| complaint(text, *at, what)).collect();
    Err(lines.join("\n"))
}

struct Checker<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    /// The token behind the last one that was found.
    at: usize,
    declared: &'a Declarations,
    /// Variables of macros.
    scope: Vec<(String, Type)>,
    found: Vec<(usize, String)>,
}

/// A type, and the place in the text that complaints about the value name.
type Seen = (Type, usize);

impl Checker<'_> {
    fn walk(&mut self, node: &IdedExpr) -> Seen {
        match &node.expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::Ident(name) => self.name(name),
            Expr::Select(select) => self.select(node, &select.operand, &select.field, select.test),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.list(&list.elements),
            Expr::Map(map) => self.map(&map.entries),
            Expr::Struct(object) => self.object(object),
            Expr::Comprehension(fold) => self.fold(fold),
            Expr::Unspecified => (Type::Dyn, self.here()),
        }
    }

    fn complain(&mut self, at: usize, what: String) {
        self.found.push((at, what));
    }

    fn here(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |token| token.at)
    }

    /// The place of the next token that fits; it is told what comes before and after.
    fn seek(&mut self, fits: impl Fn(&str, &str, &str) -> bool) -> usize {
        let text = |i: Option<usize>| i.and_then(|i| self.tokens.get(i)).map_or("", |token| token.text);
        let next = (self.at..self.tokens.len())
            .find(|i| fits(text(i.checked_sub(1)), text(Some(*i)), text(Some(i + 1))));
        let Some(next) = next else { return self.here() };
        self.at = next + 1;
        self.tokens.get(next).map_or(0, |token| token.at)
    }

    fn sign(&mut self, sign: &str) -> usize {
        self.seek(|_, token, _| token == sign)
    }

    fn literal(&mut self, literal: &LiteralValue) -> Seen {
        let of = match literal {
            LiteralValue::Boolean(_) => Type::Bool,
            LiteralValue::Bytes(_) => Type::Bytes,
            LiteralValue::Double(_) => Type::Double,
            LiteralValue::Int(_) => Type::Int,
            LiteralValue::Null => Type::Null,
            LiteralValue::String(_) => Type::String,
            LiteralValue::UInt(_) => Type::Uint,
        };
        let at = self.seek(|_, token, _| {
            ["true", "false", "null"].contains(&token)
                || token.starts_with(|c: char| c.is_ascii_digit())
                || token.ends_with(['\'', '"'])
        });
        (of, at)
    }

    fn name(&mut self, name: &str) -> Seen {
        let at = self.seek(|before, token, _| token == name && before != ".");
        let known = self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, of)| of);
        if let Some(of) = known.or_else(|| self.declared.variables.get(name)) {
            return (of.clone(), at);
        }
        if name == "variables"
            && let Some(composed) = &self.declared.composed
        {
            let fields = composed.iter().map(|(name, of)| (name.clone(), of.clone()));
            return (Type::object("kubernetes.variables", fields), at);
        }
        if let Some(of) = functions::denoted(name) {
            return (Type::Type(Box::new(of)), at);
        }
        self.complain(at, format!("undeclared reference to '{name}' (in container '')"));
        (Type::Dyn, at)
    }

    fn select(&mut self, node: &IdedExpr, operand: &IdedExpr, field: &str, test: bool) -> Seen {
        if let Some(whole) = written(node).filter(|_| !test) {
            let known = self.declared.variables.get(&whole).cloned();
            let denoted = functions::denoted(&whole).map(|of| Type::Type(Box::new(of)));
            if let Some(of) = known.or(denoted) {
                return (of, self.seek(|before, token, _| before == "." && token == field));
            }
        }
        let (of, _) = self.walk(operand);
        self.seek(|before, token, _| before == "." && token == field);
        let at = self.tokens.get(self.at.saturating_sub(2)).map_or(0, |dot| dot.at);
        let of = match self.field(&of, field) {
            Ok(of) => of,
            Err(what) => {
                self.complain(at, what);
                Type::Dyn
            }
        };
        (if test { Type::Bool } else { of }, at)
    }

    fn field(&self, of: &Type, field: &str) -> Result<Type, String> {
        match of {
            Type::Dyn => Ok(Type::Dyn),
            Type::Map(_, of) => Ok((**of).clone()),
            Type::Optional(of) => Ok(Type::Optional(Box::new(self.field(of, field)?))),
            Type::Object(object) => match &object.fields {
                Some(fields) => fields.get(field).cloned().ok_or(format!("undefined field '{field}'")),
                None => Err(format!("undefined field '{field}'")),
            },
            other => Err(format!("type '{}' does not support field selection", other.short())),
        }
    }

    fn list(&mut self, elements: &[IdedExpr]) -> Seen {
        let at = self.sign("[");
        let mut of: Option<Type> = None;
        for element in elements {
            of = Some(self.alike(of, element));
        }
        (Type::list(of.unwrap_or(Type::Dyn)), at)
    }

    /// Literals hold values of one type only.
    fn alike(&mut self, before: Option<Type>, value: &IdedExpr) -> Type {
        let (of, at) = self.walk(value);
        match before {
            Some(first) if first.is_dyn() || first != of && !of.is_dyn() && first.fits(&of) => first,
            Some(first) if first != of => {
                self.complain(at, format!("expected type '{}' but found '{}'", first.short(), of.short()));
                first
            }
            _ => of,
        }
    }

    fn map(&mut self, entries: &[cel::common::ast::IdedEntryExpr]) -> Seen {
        let at = self.sign("{");
        let (mut key, mut of) = (None, None);
        for entry in entries {
            if let EntryExpr::MapEntry(entry) = &entry.expr {
                key = Some(self.alike(key, &entry.key));
                self.sign(":");
                of = Some(self.alike(of, &entry.value));
            }
        }
        let (key, of) = (key.unwrap_or(Type::Dyn), of.unwrap_or(Type::Dyn));
        (Type::Map(Box::new(key), Box::new(of)), at)
    }

    fn object(&mut self, object: &StructExpr) -> Seen {
        let name = object.type_name.trim_start_matches('.');
        let at = self.sign("{");
        let is_patch = name == "JSONPatch";
        if !self.declared.builds_objects || !is_patch && name != "Object" && !name.starts_with("Object.") {
            self.complain(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        for entry in &object.entries {
            let EntryExpr::StructField(field) = &entry.expr else { continue };
            self.seek(|_, token, after| token == field.field && after == ":");
            let colon = self.sign(":");
            let (of, _) = self.walk(&field.value);
            let wanted = match field.field.as_str() {
                "op" | "path" | "from" => "string",
                "value" => "dyn",
                _ => "",
            };
            if is_patch && (wanted.is_empty() || wanted == "string" && !of.fits(&Type::String)) {
                let (field, of) = (&field.field, of.short());
                self.complain(
                    colon,
                    format!("expected type of field '{field}' is '{wanted}' but provided type is '{of}'"),
                );
            }
        }
        (Type::opaque(name), at)
    }

    fn call(&mut self, call: &CallExpr) -> Seen {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::CONDITIONAL, [condition, yes, no]) => {
                let (condition, _) = self.walk(condition);
                let at = self.sign("?");
                let (yes, _) = self.walk(yes);
                self.sign(":");
                let (no, _) = self.walk(no);
                let fits = condition.fits(&Type::Bool) && yes.fits(&no);
                let of = if yes == no || no.is_dyn() { yes.clone() } else { no.clone() };
                let of = if yes.is_dyn() || no.is_dyn() { Type::Dyn } else { of };
                (self.overload(fits, name, None, &[condition, yes, no], at, of), at)
            }
            (operators::LOGICAL_NOT | operators::NEGATE, [value]) => {
                let at = self.sign(if name == operators::NEGATE { "-" } else { "!" });
                let (value, _) = self.walk(value);
                let fits = match name {
                    operators::NEGATE => value.is_number() || value.is_dyn(),
                    _ => value.fits(&Type::Bool),
                };
                let of = if name == operators::NEGATE { value.clone() } else { Type::Bool };
                (self.overload(fits, name, None, &[value], at, of), at)
            }
            (operators::INDEX | operators::OPT_INDEX, [list, key]) => {
                let (list, _) = self.walk(list);
                let at = self.sign("[");
                let (key, _) = self.walk(key);
                let fits = indexes(&list, &key);
                let of = fits.clone().unwrap_or(Type::Dyn);
                let of = if name == operators::INDEX { of } else { Type::Optional(Box::new(of)) };
                (self.overload(fits.is_some(), name, None, &[list, key], at, of), at)
            }
            (operators::OPT_SELECT, [object, _]) => {
                let (of, _) = self.walk(object);
                let at = self.sign("?");
                (if matches!(of, Type::Optional(_)) { of } else { Type::Optional(Box::new(Type::Dyn)) }, at)
            }
            (_, [left, right]) if call.target.is_none() && sign_of(name).is_some() => {
                let (left, _) = self.walk(left);
                let at = self.sign(sign_of(name).unwrap_or_default());
                let (right, _) = self.walk(right);
                let of = binary(name, &left, &right);
                (self.overload(of.is_some(), name, None, &[left, right], at, of.unwrap_or(Type::Dyn)), at)
            }
            _ => self.function(call),
        }
    }

    fn function(&mut self, call: &CallExpr) -> Seen {
        let space = call.target.as_deref().and_then(|target| match &target.expr {
            Expr::Ident(name) if functions::is_space(name) && !self.declared.variables.contains_key(name) => {
                Some(format!("{name}.{}", call.func_name))
            }
            _ => None,
        });
        let target = match (&space, call.target.as_deref()) {
            (None, Some(target)) => Some(self.walk(target).0),
            _ => None,
        };
        self.seek(|_, token, after| token == call.func_name && after == "(");
        let at = self.sign("(");
        let args: Vec<Type> = call.args.iter().map(|arg| self.walk(arg).0).collect();
        let name = space.unwrap_or_else(|| call.func_name.clone());
        match functions::call(&name, target.as_ref(), &args) {
            Some(Ok(of)) => {
                self.check_pattern(call, at);
                (of, at)
            }
            Some(Err(())) => (self.overload(false, &name, target.as_ref(), &args, at, Type::Dyn), at),
            None => {
                self.complain(at, format!("undeclared reference to '{name}' (in container '')"));
                (Type::Dyn, at)
            }
        }
    }

    /// A pattern that is written out must be one.
    fn check_pattern(&mut self, call: &CallExpr, at: usize) {
        if !["matches", "find", "findAll"].contains(&call.func_name.as_str()) {
            return;
        }
        let pattern = if call.target.is_some() { call.args.first() } else { call.args.get(1) };
        if let Some(Expr::Literal(LiteralValue::String(text))) = pattern.map(|pattern| &pattern.expr)
            && regex::Regex::new(text.inner()).is_err()
        {
            let first = self.tokens.iter().find(|token| token.at > at).map_or(at, |token| token.at);
            self.complain(first, format!("invalid {} argument", call.func_name));
        }
    }

    fn overload(
        &mut self,
        fits: bool,
        name: &str,
        target: Option<&Type>,
        args: &[Type],
        at: usize,
        of: Type,
    ) -> Type {
        if !fits {
            let args: Vec<String> = args.iter().map(Type::short).collect();
            let target = target.map(|target| format!("{}.", target.short())).unwrap_or_default();
            self.complain(
                at,
                format!("found no matching overload for '{name}' applied to '{target}({})'", args.join(", ")),
            );
        }
        of
    }

    fn fold(&mut self, fold: &ComprehensionExpr) -> Seen {
        let (range, at) = self.walk(&fold.iter_range);
        let (first, second) = match range {
            Type::List(of) if fold.iter_var2.is_some() => (Type::Int, *of),
            Type::List(of) => (*of, Type::Dyn),
            Type::Map(key, of) => (*key, *of),
            Type::Dyn => (Type::Dyn, Type::Dyn),
            other => {
                let what = format!(
                    "expression of type '{}' cannot be range of a comprehension (must be list, map, or dynamic)",
                    other.short()
                );
                self.complain(at, what);
                (Type::Dyn, Type::Dyn)
            }
        };
        let depth = self.scope.len();
        self.scope.push((fold.iter_var.clone(), first.clone()));
        self.scope.extend(fold.iter_var2.clone().map(|name| (name, second)));
        let var = fold.iter_var.clone();
        let at = self.seek(|_, token, after| token == var && after == ",");
        let of = self.round(&fold.loop_step, fold, &first);
        self.scope.truncate(depth);
        let of = match fold.accu_init.expr {
            Expr::List(_) => Type::list(of),
            _ => Type::Bool,
        };
        (of, at)
    }

    /// What a macro does with each item; what the macro itself adds to the text has no place.
    fn round(&mut self, step: &IdedExpr, fold: &ComprehensionExpr, item: &Type) -> Type {
        let is = |node: &IdedExpr, name: &str| matches!(&node.expr, Expr::Ident(known) if known == name);
        match &step.expr {
            Expr::Call(call) => match call.args.as_slice() {
                [condition, step, last] if is(last, &fold.accu_var) => {
                    self.walk(condition);
                    self.round(step, fold, item)
                }
                [first, second] if is(first, &fold.accu_var) => match &second.expr {
                    Expr::List(list) if call.func_name == operators::ADD => match list.elements.as_slice() {
                        [one] if is(one, &fold.iter_var) => item.clone(),
                        [one] => self.walk(one).0,
                        _ => Type::Dyn,
                    },
                    Expr::Literal(_) if call.func_name == operators::ADD => Type::Int,
                    _ => self.walk(second).0,
                },
                _ => self.walk(step).0,
            },
            _ => self.walk(step).0,
        }
    }
}

/// A chain of names as it is written.
fn written(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => {
            Some(format!("{}.{}", written(&select.operand)?, select.field))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
