//! How much longer one thing takes than another.

use std::fmt;
use std::time::Instant;

/// The quotients of turns: each runs both, one after the other. The best of each would set a lucky moment of the short
/// run against none of the long one.
pub(crate) struct Turns(Vec<f64>);

impl Turns {
    /// Runs a short and a long thing in 21 turns.
    pub(crate) fn run<E>(
        mut short: impl FnMut() -> Result<(), E>,
        mut long: impl FnMut() -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut quotients = Vec::new();
        for _ in 0..21 {
            let before = seconds(&mut short)?;
            quotients.push(seconds(&mut long)? / before);
        }
        quotients.sort_by(f64::total_cmp);
        Ok(Self(quotients))
    }

    fn at(&self, quarter: usize) -> f64 {
        self.0.get(self.0.len() * quarter / 4).copied().unwrap_or(f64::NAN)
    }
}

fn seconds<E>(run: &mut impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64())
}

impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [quarter, median, three] = [1, 2, 3].map(|quarter| self.at(quarter));
        write!(f, "{median:.2} (median of {}; half of them {quarter:.2} to {three:.2})", self.0.len())
    }
}
