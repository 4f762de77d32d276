//! How long a server takes to start.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test reads the clock")]

use std::time::{Duration, Instant};

use tautline_apiserver::Server;

#[test]
fn a_server_starts_in_milliseconds() {
    // The table of types is read once in a process, with the first server.
    let start = Instant::now();
    drop(Server::default());
    let first = start.elapsed();
    let others = (0..9).map(|_| {
        let start = Instant::now();
        drop(Server::default());
        start.elapsed()
    });
    let fastest = others.min().unwrap();
    eprintln!("the first server: {first:?}; another: {fastest:?}");
    let most = Duration::from_millis(10);
    assert!(fastest < most, "{fastest:?}");
}
