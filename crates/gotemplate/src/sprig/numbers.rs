//! Arithmetic.

use super::cast::{to_float, to_int64};
use super::decimal::Decimal;
use super::{ANY, I, S, fixed, made, many};
use crate::functions::{Entry, Type};
use crate::value::Elem;
use crate::{Call, Failure, List, Value};

const ONE: crate::Signature = fixed(&[ANY]);
const TWO: crate::Signature = fixed(&[ANY, ANY]);
const SOME: crate::Signature = many(&[ANY], ANY);

pub(super) const FUNCTIONS: &[Entry] = &[
    ("atoi", fixed(&[S]), |call| Ok(Value::Int(call.text(0).as_str().and_then(atoi).unwrap_or(0)))),
    ("int64", ONE, |call| Ok(Value::int64(to_int64(call.arg(0))))),
    ("int", ONE, |call| Ok(Value::Int(to_int64(call.arg(0))))),
    ("float64", ONE, |call| Ok(Value::Float(to_float(call.arg(0))))),
    ("toDecimal", ONE, to_decimal),
    ("until", fixed(&[I]), |call| {
        let count = call.int(0);
        until(call, 0, count, if count < 0 { -1 } else { 1 })
    }),
    ("untilStep", fixed(&[I, I, I]), |call| until(call, call.int(0), call.int(1), call.int(2))),
    ("seq", many(&[], I), seq),
    ("add1", ONE, |call| Ok(Value::int64(to_int64(call.arg(0)).wrapping_add(1)))),
    ("add", many(&[], ANY), |call| {
        Ok(Value::int64(call.args.iter().map(to_int64).fold(0, i64::wrapping_add)))
    }),
    ("sub", TWO, |call| Ok(Value::int64(to_int64(call.arg(0)).wrapping_sub(to_int64(call.arg(1)))))),
    ("div", TWO, |call| divided(call, i64::wrapping_div)),
    ("mod", TWO, |call| divided(call, i64::wrapping_rem)),
    ("mul", SOME, |call| Ok(Value::int64(call.args.iter().map(to_int64).fold(1, i64::wrapping_mul)))),
    ("add1f", ONE, |call| decimals(call.engine, &[call.arg(0), &Value::Int(1)], Decimal::add)),
    ("addf", many(&[], ANY), |call| {
        let zero = Value::Int(0);
        let all: Vec<&Value> = std::iter::once(&zero).chain(call.args).collect();
        decimals(call.engine, &all, Decimal::add)
    }),
    ("subf", SOME, |call| decimals(call.engine, &call.args.iter().collect::<Vec<_>>(), Decimal::sub)),
    ("divf", SOME, |call| decimals(call.engine, &call.args.iter().collect::<Vec<_>>(), Decimal::div)),
    ("mulf", SOME, |call| decimals(call.engine, &call.args.iter().collect::<Vec<_>>(), Decimal::mul)),
    ("biggest", SOME, max),
    ("max", SOME, max),
    ("min", SOME, |call| Ok(Value::int64(call.args.iter().map(to_int64).min().unwrap_or(0)))),
    ("maxf", SOME, |call| Ok(extreme(call, |a, b| a > b || (a == b && a.is_sign_positive())))),
    ("minf", SOME, |call| Ok(extreme(call, |a, b| a < b || (a == b && a.is_sign_negative())))),
    ("ceil", ONE, |call| Ok(Value::Float(to_float(call.arg(0)).ceil()))),
    ("floor", ONE, |call| Ok(Value::Float(to_float(call.arg(0)).floor()))),
    ("round", many(&[ANY, I], Type::Float), round),
];

/// `strconv.Atoi`: decimal digits with a sign, and nothing else.
fn atoi(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number: i128 = plain.then(|| text.parse().ok()).flatten()?;
    // Go's Atoi gives the nearest number along with its error, and sprig drops the error.
    Some(number.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

fn max(call: &mut Call<'_>) -> Result<Value, Failure> {
    Ok(Value::int64(call.args.iter().map(to_int64).max().unwrap_or(0)))
}

fn divided(call: &mut Call<'_>, divide: fn(i64, i64) -> i64) -> Result<Value, Failure> {
    match to_int64(call.arg(1)) {
        0 => Err("runtime error: integer divide by zero".into()),
        by => Ok(Value::int64(divide(to_int64(call.arg(0)), by))),
    }
}

/// The octal number that a value prints as.
fn to_decimal(call: &mut Call<'_>) -> Result<Value, Failure> {
    let text = crate::format::to_text(call.arg(0))?;
    let text = text.to_text();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    Ok(Value::int64(if plain { i64::from_str_radix(&text, 8).unwrap_or(0) } else { 0 }))
}

/// Counts from one number to before another.
fn steps(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Failure> {
    let (mut numbers, mut at) = (Vec::new(), start);
    let down = stop < start;
    if (down && step >= 0) || (!down && step <= 0) {
        return Ok(numbers);
    }
    while if down { at > stop } else { at < stop } {
        call.engine.charge_steps(1)?;
        numbers.push(at);
        let Some(next) = at.checked_add(step) else { break };
        at = next;
    }
    Ok(numbers)
}

fn until(call: &mut Call<'_>, start: i64, stop: i64, step: i64) -> Result<Value, Failure> {
    let numbers = steps(call, start, stop, step)?;
    Ok(List::typed(Elem::Int, numbers.into_iter().map(Value::Int).collect()).into())
}

fn seq(call: &mut Call<'_>) -> Result<Value, Failure> {
    let numbers = match call.args.len() {
        1 => {
            let end = call.int(0);
            let step = if end < 1 { -1 } else { 1 };
            steps(call, 1, end.saturating_add(step), step)?
        }
        2 => {
            let (start, end) = (call.int(0), call.int(1));
            let step = if end < start { -1 } else { 1 };
            steps(call, start, end.saturating_add(step), step)?
        }
        3 => {
            let (start, step, end) = (call.int(0), call.int(1), call.int(2));
            match end < start {
                true if step > 0 => Vec::new(),
                true => steps(call, start, end.saturating_sub(1), step)?,
                false => steps(call, start, end.saturating_add(1), step)?,
            }
        }
        _ => Vec::new(),
    };
    let text = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
    made(call, text)
}

/// Folds values as decimal numbers, so that 0.1 + 0.2 is 0.3.
fn decimals(
    engine: &mut crate::Engine,
    values: &[&Value],
    operate: fn(Decimal, Decimal) -> Result<Decimal, Failure>,
) -> Result<Value, Failure> {
    let mut result: Option<Decimal> = None;
    for value in values {
        let next = Decimal::from_float(to_float(value))?;
        let last = match result.take() {
            None => next,
            Some(last) => {
                engine.charge_steps(last.cost())?;
                operate(last, next)?
            }
        };
        engine.charge_steps(last.cost())?;
        result = Some(last);
    }
    Ok(Value::Float(result.map_or(0.0, |n| n.to_float())))
}

/// Go's `math.Max` and `math.Min`: NaN wins.
fn extreme(call: &Call<'_>, better: fn(f64, f64) -> bool) -> Value {
    let mut best = to_float(call.arg(0));
    for value in call.rest(1) {
        let n = to_float(value);
        if n.is_nan() || (!best.is_nan() && better(n, best)) {
            best = n;
        }
    }
    Value::Float(best)
}

/// Rounds to places after the point; halves go up, or whatever the third argument says is a half.
fn round(call: &mut Call<'_>) -> Result<Value, Failure> {
    let half = call.args.get(2).map_or(0.5, to_float);
    let power = power_of_ten(call.int(1));
    let digit = power * to_float(call.arg(0));
    let fraction = digit - digit.trunc();
    let rounded = if fraction >= half { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

/// Go's `math.Pow(10, n)`, whose last bit is not always the nearest.
fn power_of_ten(n: i64) -> f64 {
    let (mut mantissa, mut exponent) = (1.0f64, 0i64);
    // 10 is 0.625 × 2⁴.
    let (mut base, mut base_exponent, mut left) = (0.625f64, 4i64, n.unsigned_abs());
    while left != 0 {
        if !(-(1 << 12)..=1 << 12).contains(&base_exponent) {
            exponent += base_exponent;
            break;
        }
        if left & 1 == 1 {
            mantissa *= base;
            exponent += base_exponent;
        }
        base *= base;
        base_exponent <<= 1;
        if base < 0.5 {
            base += base;
            base_exponent -= 1;
        }
        left >>= 1;
    }
    if n < 0 {
        mantissa = 1.0 / mantissa;
        exponent = -exponent;
    }
    scale(mantissa, exponent)
}

/// `n × 2^exponent`.
fn scale(mut n: f64, mut exponent: i64) -> f64 {
    while exponent > 1000 && n.is_finite() {
        n *= 2f64.powi(1000);
        exponent -= 1000;
    }
    while exponent < -1000 && n != 0.0 {
        n *= 2f64.powi(-1000);
        exponent += 1000;
    }
    n * 2f64.powi(exponent.clamp(-1000, 1000) as i32)
}
