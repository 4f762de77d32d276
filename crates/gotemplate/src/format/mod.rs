//! Go's `fmt` and `strconv`: `print`, `printf`, `%v` and quoting, exactly.

mod float;
mod integer;
mod printer;
mod quoting;
mod verbs;
mod walk;

pub(crate) use float::{Float, format_float};
pub(crate) use printer::Printer;
pub(crate) use quoting::first_runes;
pub use quoting::quote;

use crate::{Failure, Str, Value};

/// Bytes that a text may take where no budget is at hand.
pub(crate) const LIMIT: usize = 16 << 20;

/// What `{{ . }}` prints.
pub(crate) fn print_value(value: &Value) -> Result<Str, Failure> {
    match value {
        Value::NoValue | Value::Nil => Ok(Str::from_static("<no value>")),
        Value::String(text) => Ok(text.clone()),
        value => sprint(std::slice::from_ref(value), LIMIT),
    }
}

/// Go's `fmt.Sprint`: spaces between operands where neither is a string.
pub(crate) fn sprint(args: &[Value], limit: usize) -> Result<Str, Failure> {
    let mut printer = Printer::new(limit.min(LIMIT));
    let mut after_string = true;
    for (i, arg) in args.iter().enumerate() {
        let is_string = matches!(arg, Value::String(_));
        if i > 0 && !is_string && !after_string {
            printer.byte(b' ');
        }
        printer.arg(arg, 'v')?;
        after_string = is_string;
    }
    Ok(printer.finish())
}

/// Go's `fmt.Sprintln`.
pub(crate) fn sprintln(args: &[Value], limit: usize) -> Result<Str, Failure> {
    let mut printer = Printer::new(limit.min(LIMIT));
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            printer.byte(b' ');
        }
        printer.arg(arg, 'v')?;
    }
    printer.byte(b'\n');
    Ok(printer.finish())
}

/// Go's `fmt.Sprintf`.
pub(crate) fn sprintf(format: &[u8], args: &[Value], limit: usize) -> Result<Str, Failure> {
    let mut printer = Printer::new(limit.min(LIMIT));
    printer.printf(format, args)?;
    Ok(printer.finish())
}

/// `%v`, as sprig's `toString` and friends use it: nil is `<nil>`.
pub(crate) fn to_text(value: &Value) -> Result<Str, Failure> {
    match value {
        Value::String(text) => Ok(text.clone()),
        value => sprint(std::slice::from_ref(value), LIMIT),
    }
}
