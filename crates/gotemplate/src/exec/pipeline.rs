//! Pipelines and commands.

use super::run::{At, Done, Got, Run};
use crate::Value;
use crate::parse::{Command, Operand, Pipe};

impl<'t> Run<'_, 't> {
    /// Runs the commands of a pipeline, each with the last one's value as its final argument.
    pub(super) fn pipeline(&mut self, dot: &Got, pipe: &'t Pipe) -> Done<Value> {
        self.at_pipe(pipe);
        let mut last: Option<Value> = None;
        for command in &pipe.commands {
            // Out of its interface; a nil is then no value.
            last = Some(match self.command(dot, command, last)? {
                Value::Nil => Value::NoValue,
                value => value,
            });
        }
        let value = last.unwrap_or_default();
        for variable in &pipe.declares {
            let got = Got::plain(value.clone());
            if pipe.assigns {
                self.assign(variable.id, &variable.name, got)?;
            } else {
                self.push(variable.id, got);
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Got, command: &'t Command, last: Option<Value>) -> Done<Value> {
        let Some((first, args)) = command.args.split_first() else {
            return self.error("empty command");
        };
        match first {
            Operand::Field { path, .. } => {
                self.at(At::Operand(first));
                self.fields(dot, dot, At::Operand(first), path, args, last)
            }
            Operand::Chain { on, path, .. } => self.chain(dot, first, on, path, args, last),
            Operand::Function { function, .. } => {
                self.at(At::Operand(first));
                self.call_function(dot, function, At::Command(command), args, last)
            }
            Operand::Pipe(pipe) => {
                self.not_a_function(first, args, last.as_ref())?;
                self.parenthesised(dot, pipe)
            }
            Operand::Variable { .. } => self.variable_with(dot, first, args, last),
            literal => {
                self.at(At::Operand(first));
                self.not_a_function(first, args, last.as_ref())?;
                match literal {
                    Operand::Dot { .. } => Ok(dot.value.clone()),
                    Operand::Nil { .. } => self.error("nil is not a command"),
                    literal => self.literal(literal),
                }
            }
        }
    }

    /// The value of a literal whose type is free.
    pub(super) fn literal(&mut self, operand: &'t Operand) -> Done<Value> {
        self.at(At::Operand(operand));
        match operand.literal() {
            Some(value) => Ok(value),
            None => self.error(format!("{operand} overflows int")),
        }
    }

    pub(super) fn parenthesised(&mut self, dot: &Got, pipe: &'t Pipe) -> Done<Value> {
        stacker::maybe_grow(128 << 10, 4 << 20, || self.pipeline(dot, pipe))
    }

    fn not_a_function(&self, first: &Operand, args: &[Operand], last: Option<&Value>) -> Done<()> {
        if args.is_empty() && last.is_none() {
            return Ok(());
        }
        self.error(format!("can't give argument to non-function {first}"))
    }

    /// A variable, perhaps with fields, perhaps with arguments.
    pub(super) fn variable_with(
        &mut self,
        dot: &Got,
        operand: &'t Operand,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Done<Value> {
        let Operand::Variable { variable, path, .. } = operand else {
            return self.error("not a variable");
        };
        self.at(At::Operand(operand));
        let Some(got) = self.variable(variable.id) else {
            return self.error(format!("undefined variable: {}", variable.name));
        };
        if args.is_empty()
            && last.is_none()
            && let Some(value) = super::field::through_maps(got, path)
        {
            return Ok(value);
        }
        let got = got.clone();
        if path.is_empty() {
            self.not_a_function(operand, args, last.as_ref())?;
            return Ok(got.value);
        }
        self.fields(dot, &got, At::Operand(operand), path, args, last)
    }

    /// `(pipeline).Field`.
    pub(super) fn chain(
        &mut self,
        dot: &Got,
        operand: &'t Operand,
        on: &'t Operand,
        path: &'t [crate::Str],
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Done<Value> {
        self.at(At::Operand(operand));
        let got = Got::plain(self.free_argument(dot, on)?);
        self.fields(dot, &got, At::Operand(operand), path, args, last)
    }
}
