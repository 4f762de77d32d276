//! How Argo CD's Lua writes numbers.
//!
//! All of its numbers are floating point, and a whole one is written without a point: `10 / 2` is `5`. Lua
//! 5.4 has integers and floats and writes `5.0` for the same. So every number becomes text here. (What is counted, such as
//! `#list`, is an integer still.)

/// What is beyond is no whole number of 64 bits.
const WHOLE: std::ops::Range<f64> = -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0;

/// The text of a number: whole ones as integers, others as [`shortest`].
pub(crate) fn text(number: f64) -> String {
    if number.fract() == 0.0 && WHOLE.contains(&number) {
        return (number as i64).to_string();
    }
    shortest(number)
}

/// As Go's `%g`: the fewest digits that read back the same, with an exponent where it is large or small.
pub(crate) fn shortest(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..6).contains(&exponent) => {
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
            (1_234_567.5, "1.2345675e+06"),
            (123_456.5, "123456.5"),
            (9_223_372_036_854_775_808.0, "9.223372036854776e+18"),
            (-9_223_372_036_854_775_808.0, "-9223372036854775808"),
            (1e-5, "1e-05"),
            (2.5e-7, "2.5e-07"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(text(number), expect);
        }
    }
}
