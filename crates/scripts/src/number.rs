//! How Argo CD's Lua writes numbers.
//!
//! All of its numbers are floating point, and a whole one is written without a point: `10 / 2` is `5`. Lua
//! 5.4 has integers and floats and writes `5.0` for the same. So every number becomes text here.

/// Whole numbers up to here are exact in floating point.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number as a value of Lua 5.4: an integer where it is a whole one that floating point holds exactly.
pub(crate) fn to_lua(number: f64) -> mlua::Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        mlua::Value::Integer(number as i64)
    } else {
        mlua::Value::Number(number)
    }
}

/// The text of a number: whole ones as integers, others with the fewest digits that read back the same.
pub(crate) fn text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if number.fract() == 0.0 && number.abs() < 9.2e18 {
        return (number as i64).to_string();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn numbers_print_as_argo_cds() {
        for (number, expect) in [
            (5.0, "5"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1e15, "1000000000000000"),
            (1e21, "1e+21"),
            (1e-5, "1e-05"),
            (2.5e-7, "2.5e-07"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(text(number), expect);
        }
    }
}
