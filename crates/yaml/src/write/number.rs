//! Floats as Go prints them.

/// A float as it comes out of Go's detour through JSON: integers in 64 bits plainly, all else with
/// `strconv.FormatFloat(n, 'g', -1, 64)`.
pub(super) fn float(n: f64) -> String {
    if n.is_nan() {
        return ".nan".to_owned();
    }
    if n.is_infinite() {
        return if n > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    if n.fract() == 0.0 {
        // JSON has the shortest digits that read back as the float, with zeros behind them.
        if n == 0.0 {
            return "0".to_owned();
        }
        if (-9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0).contains(&n) {
            return format!("{n}");
        }
    }
    general(&format!("{n:e}"))
}

/// A float as a key: sigs.k8s.io/yaml formats those with the digits of 32 bits.
pub(crate) fn float_key(n: f64) -> String {
    if n.is_nan() || n.is_infinite() {
        return float(n);
    }
    let short = n as f32;
    if short.is_infinite() {
        return if n > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    general(&format!("{short:e}"))
}

/// Turns `d.ddde±x` into Go's `g`: an exponent of two digits below -4 and from 6 on (the
/// bound for shortest digits), else plain.
fn general(scientific: &str) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let minus = if mantissa.starts_with('-') { "-" } else { "" };
    if exponent < 0 {
        return format!("{minus}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{minus}{digits:0<whole$}");
    }
    let (left, right) = digits.split_at(whole);
    format!("{minus}{left}.{right}")
}
