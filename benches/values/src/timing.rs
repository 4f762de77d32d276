//! The clock, and how figures are printed.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The time of one run, from the best of many rounds of about a millisecond each: short enough that on a machine that
/// has other work some are not interrupted.
pub(crate) fn time<T>(mut run: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    black_box(run());
    let once = start.elapsed().max(Duration::from_nanos(1));
    let runs = (Duration::from_millis(1).as_nanos() / once.as_nanos()).clamp(1, 100_000) as u32;
    let rounds = (Duration::from_millis(400).as_nanos() / (once.as_nanos() * u128::from(runs))).clamp(9, 400);
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..runs {
            black_box(run());
        }
        best = best.min(start.elapsed() / runs);
    }
    best
}

/// Prints one figure: `  ours   12.3 µs`.
pub(crate) fn print(name: &str, took: Duration) {
    let nanos = took.as_nanos() as f64;
    match nanos {
        n if n < 1e3 => println!("  {name:38} {n:9.0} ns"),
        n if n < 1e6 => println!("  {name:38} {:9.2} µs", n / 1e3),
        n => println!("  {name:38} {:9.2} ms", n / 1e6),
    }
}

/// Prints a throughput beside the time: `  ours   12.3 µs   210 MB/s`.
pub(crate) fn print_throughput(name: &str, took: Duration, bytes: usize) {
    println!("  {name:38} {:9.2} µs {:7.0} MB/s", took.as_nanos() as f64 / 1e3, megabytes(took, bytes));
}

fn megabytes(took: Duration, bytes: usize) -> f64 {
    bytes as f64 / 1e6 / took.as_secs_f64()
}
