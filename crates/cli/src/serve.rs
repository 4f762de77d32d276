//! `taut apiserver`: a cluster in memory.

use std::sync::Arc;

use tautline::apiserver::{Identity, ListenOptions, Listener, Options, Server};
use tautline::workloads::{Play, Player};

use crate::arguments::ServeOptions;
use crate::failure::{Failure, Result};
use crate::system::SystemClock;

/// Serves until it is interrupted.
pub(crate) async fn run(options: &ServeOptions) -> Result<u8> {
    if !options.listen.ip().is_loopback() {
        let message =
            format!("--listen {}: the server is for this machine; listen on 127.0.0.1.", options.listen);
        return Err(Failure::usage(message));
    }
    let (rbac, quotas) = (options.rbac, options.quotas);
    let settings = Options { rbac, quotas, ..Options::with_clock(Arc::new(SystemClock)) };
    let server = match &options.snapshot {
        Some(folder) => crate::snapshot::serve(folder, settings)?,
        None => Server::new(settings),
    };
    let token: u128 = rand::random();
    let listen = ListenOptions { address: options.listen, ..ListenOptions::local(format!("{token:032x}")) };
    let listener = Listener::start(&server, listen).await.map_err(Failure::work)?;
    listener.write_kubeconfig(&options.write_kubeconfig).map_err(Failure::work)?;
    println!(
        "serving on {}; kubectl --kubeconfig {} get all -A",
        listener.url(),
        options.write_kubeconfig.display()
    );
    let play = async {
        if !options.workloads {
            return std::future::pending().await;
        }
        let stage = Arc::new(server.caller(Identity::admin("workloads")));
        Player::new(stage, Arc::new(SystemClock), Play::All).run().await
    };
    tokio::select! {
        ended = play => ended.map(|()| 0).map_err(|error| Failure::work(format!("the workloads stopped: {error}."))),
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| 0).map_err(Failure::work),
    }
}
