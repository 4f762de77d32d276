//! The servers that are compared.

use std::path::Path;

use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tautline_apiserver::{HttpService, ListenOptions, Listener, Options, Server};

/// A server under its name, and what keeps it alive.
pub(crate) struct Rival {
    pub(crate) name: &'static str,
    pub(crate) client: Client,
    _listener: Option<Listener>,
}

/// All servers that can be asked.
pub(crate) async fn all() -> Result<Vec<Rival>, Box<dyn std::error::Error>> {
    // As the real one is run: an API server alone.
    let alone = || Server::new(Options { controllers: false, ..Options::default() });
    let service = HttpService::new(alone(), "admin");
    let listener = Listener::start(&alone(), ListenOptions::local("let-me-in")).await?;
    let over_tls = connect(Kubeconfig::from_yaml(&listener.kubeconfig())?).await?;
    let mut all = vec![
        Rival { name: "in process", client: Client::new(service, "default"), _listener: None },
        Rival { name: "over TLS", client: over_tls, _listener: Some(listener) },
    ];
    match std::env::var("TAUTLINE_E2E_KUBECONFIG") {
        Ok(file) => {
            let client = connect(Kubeconfig::read_from(Path::new(&file))?).await?;
            all.push(Rival { name: "kube-apiserver", client, _listener: None });
        }
        Err(_) => eprintln!("TAUTLINE_E2E_KUBECONFIG names no real server: ours is measured alone"),
    }
    Ok(all)
}

async fn connect(config: Kubeconfig) -> Result<Client, Box<dyn std::error::Error>> {
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await?;
    Ok(Client::try_from(config)?)
}
