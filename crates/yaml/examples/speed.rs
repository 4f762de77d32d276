//! Reads files many times and says how fast: `cargo run --release --example speed -- FILES`.
#![allow(clippy::disallowed_methods, reason = "an example that measures files")]
#![allow(clippy::expect_used, missing_docs)]

use tautline_yaml::{Options, read_all, read_fully, split};

fn main() {
    let options = Options::default();
    let texts: Vec<String> =
        std::env::args().skip(1).filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let rounds = 20_000_000 / bytes.max(1) + 1;
    for name in ["read_all", "read_fully"] {
        let start = std::time::Instant::now();
        let mut documents = 0;
        for text in (0..rounds).flat_map(|_| &texts) {
            documents += if name == "read_all" {
                read_all(text, &options).len()
            } else {
                split(text).flatten().filter(|d| read_fully(d.text, &options).is_ok()).count()
            };
        }
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {documents} documents, {:.0} MB/s", (bytes * rounds) as f64 / 1e6 / seconds);
    }
}
