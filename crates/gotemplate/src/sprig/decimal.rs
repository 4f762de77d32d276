//! Decimal numbers, as shopspring/decimal computes with them.

use num_bigint::{BigInt, Sign};

use crate::Failure;

/// `digits × 10^exponent`.
#[derive(Clone, Debug)]
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i32,
}

/// Digits after the point that a division gives.
const DIVISION_PLACES: i32 = 16;

impl Decimal {
    /// The shortest decimal that reads back as the float.
    pub(super) fn from_float(n: f64) -> Result<Self, Failure> {
        if !n.is_finite() {
            let shown = crate::format::format_float(crate::format::Float::F64(n), 'g', None);
            return Err(format!("Cannot create a Decimal from {shown}").into());
        }
        let text = format!("{n:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let places = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let digits: BigInt = mantissa.replace('.', "").parse().unwrap_or_default();
        Ok(Self { digits, exponent: exponent.parse::<i32>().unwrap_or(0) - places as i32 })
    }

    /// Steps that computing with it takes.
    pub(super) fn cost(&self) -> u64 {
        let bits = self.digits.bits() / 64 + u64::from(self.exponent.unsigned_abs()) / 16;
        1 + bits * bits / 64
    }

    /// The digits at a smaller exponent.
    fn at(&self, exponent: i32) -> BigInt {
        let power = self.exponent.saturating_sub(exponent).max(0) as u32;
        &self.digits * BigInt::from(10).pow(power)
    }

    pub(super) fn add(self, other: Self) -> Result<Self, Failure> {
        let exponent = self.exponent.min(other.exponent);
        Ok(Self { digits: self.at(exponent) + other.at(exponent), exponent })
    }

    pub(super) fn sub(self, other: Self) -> Result<Self, Failure> {
        self.add(Self { digits: -other.digits, exponent: other.exponent })
    }

    pub(super) fn mul(self, other: Self) -> Result<Self, Failure> {
        Ok(Self {
            digits: self.digits * other.digits,
            exponent: self.exponent.saturating_add(other.exponent),
        })
    }

    /// Sixteen places after the point, halves away from zero.
    pub(super) fn div(self, other: Self) -> Result<Self, Failure> {
        if other.digits.sign() == Sign::NoSign {
            return Err("decimal division by 0".into());
        }
        // self / other = digits/digits × 10^(e₁-e₂); scaled so that the quotient's last digit is 10^-16.
        let shift = self.exponent - other.exponent + DIVISION_PLACES;
        let ten = |n: i32| BigInt::from(10).pow(n.max(0) as u32);
        let numerator = self.digits * ten(shift);
        let denominator = other.digits * ten(-shift);
        let quotient = &numerator / &denominator;
        let rest = numerator - &quotient * &denominator;
        let negative = (rest.sign() == Sign::Minus) != (denominator.sign() == Sign::Minus);
        let up = (&rest * 2u8).magnitude() >= denominator.magnitude();
        let digits = match (up, negative) {
            (false, _) => quotient,
            (true, false) => quotient + 1,
            (true, true) => quotient - 1,
        };
        Ok(Self { digits, exponent: -DIVISION_PLACES })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(0.0)
    }
}
