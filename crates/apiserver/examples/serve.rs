//! Serves an empty cluster on a loopback port until it is stopped: `cargo run -p tautline-apiserver
//! --features tcp --example serve -- PORT KUBECONFIG [bare]`. A `bare` one has no controllers.
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments and the clock")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tautline_apiserver::{Identity, ListenOptions, Listener, Options, Server};
use tautline_core::{Clock, Timestamp};
use tautline_workloads::{Play, Player};

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_default().parse().unwrap_or(0);
    let file = PathBuf::from(arguments.next().unwrap_or_else(|| "kubeconfig".to_owned()));
    let clock: Arc<dyn Clock> = Arc::new(Now);
    let bare = arguments.next().is_some_and(|word| word == "bare");
    let server = Server::new(Options { controllers: !bare, ..Options::with_clock(clock.clone()) });
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let options = ListenOptions { address, ..ListenOptions::local("example-token") };
    let listener = Listener::start(&server, options).await?;
    listener.write_kubeconfig(&file)?;
    println!("{} {}", listener.url(), file.display());
    if bare {
        std::future::pending::<()>().await;
    }
    let stage = server.caller(Identity::admin("workloads"));
    Player::new(Arc::new(stage), clock, Play::All).run().await?;
    Ok(())
}
