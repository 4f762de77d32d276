//! Defaults, choices, JSON, and giving up.

use super::{ANY, S, fixed, made, many};
use crate::functions::{Entry, Native, Type};
use crate::json::{JsonStyle as Style, decode_json, encode_within};
use crate::{Call, Failure, Value};

pub(super) const FUNCTIONS: &[Entry] = &[
    ("hello", fixed(&[]), |_| Ok("Hello!".into())),
    ("default", many(&[ANY], ANY), |call| {
        let given = call.arg(1);
        Ok(if is_empty(given) { call.arg(0).clone() } else { given.clone() })
    }),
    ("empty", fixed(&[ANY]), |call| Ok(is_empty(call.arg(0)).into())),
    ("coalesce", many(&[], ANY), |call| {
        Ok(call.args.iter().find(|v| !is_empty(v)).cloned().unwrap_or(Value::Nil))
    }),
    ("all", many(&[], ANY), |call| Ok((!call.args.iter().any(is_empty)).into())),
    ("any", many(&[], ANY), |call| Ok(call.args.iter().any(|v| !is_empty(v)).into())),
    ("ternary", fixed(&[ANY, ANY, Type::Bool]), |call| Ok(call.arg(usize::from(!call.bool(2))).clone())),
    ("fail", fixed(&[S]), |call| Err(Failure::new(call.text(0).to_text().into_owned()))),
    ("fromJson", fixed(&[S]), |call| {
        call.engine.charge_steps(call.text(0).len() as u64 / 8)?;
        Ok(decode_json(call.text(0).as_bytes(), call.engine.options().go).unwrap_or(Value::Nil))
    }),
    ("mustFromJson", fixed(&[S]), |call| {
        call.engine.charge_steps(call.text(0).len() as u64 / 8)?;
        decode_json(call.text(0).as_bytes(), call.engine.options().go).map_err(Failure::new)
    }),
    ("toJson", fixed(&[ANY]), quiet::<0>),
    ("mustToJson", fixed(&[ANY]), |call| encoded(call, Style::Compact)),
    ("toPrettyJson", fixed(&[ANY]), quiet::<1>),
    ("mustToPrettyJson", fixed(&[ANY]), |call| encoded(call, Style::Pretty)),
    ("toRawJson", fixed(&[ANY]), RAW),
    ("mustToRawJson", fixed(&[ANY]), RAW),
];

const RAW: Native = |call| encoded(call, Style::Raw);

fn encoded(call: &mut Call<'_>, style: Style) -> Result<Value, Failure> {
    let text = encode_within(call.arg(0), style, call.engine.options().go, call.engine.bytes_left())?;
    made(call, text)
}

/// sprig drops the encoder's errors and gives an empty text. A budget that ran out is no such error.
fn quiet<const PRETTY: u8>(call: &mut Call<'_>) -> Result<Value, Failure> {
    let style = if PRETTY == 1 { Style::Pretty } else { Style::Compact };
    match encoded(call, style) {
        Err(failure) if failure.budget().is_none() => Ok("".into()),
        done => done,
    }
}

/// sprig's emptiness: nil, zero, false, and what has no length.
pub(super) fn is_empty(value: &Value) -> bool {
    !value.is_true()
}
