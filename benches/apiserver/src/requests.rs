//! The requests.

use std::time::{Duration, Instant};

use futures::StreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use serde_json::json;

use crate::servers::Rival;

type Failed = Box<dyn std::error::Error>;

/// How many requests of each kind are timed, after the first tenth to warm up.
const COUNT: usize = 500;
/// How many objects the lists have.
const MANY: usize = 10_000;
const WATCHERS: usize = 100;

/// A line of the table: what was asked, and how long it took each server.
struct Line {
    what: &'static str,
    times: Vec<Duration>,
}

/// Asks all servers the same and prints a table.
pub(crate) async fn compare(rivals: Vec<Rival>) -> Result<(), Failed> {
    let mut lines: Vec<Line> = Vec::new();
    for rival in &rivals {
        for (i, (what, time)) in measure(rival).await?.into_iter().enumerate() {
            match lines.get_mut(i) {
                Some(line) => line.times.push(time),
                None => lines.push(Line { what, times: vec![time] }),
            }
        }
    }
    let names: Vec<String> = rivals.iter().map(|rival| format!("{:>15}", rival.name)).collect();
    println!("{:<44}{}   real / in process, / over TLS", "", names.join(""));
    for line in &lines {
        let times: Vec<String> =
            line.times.iter().map(|time| format!("{:>12.3} ms", millis(*time))).collect();
        let real = line.times.get(2).map(|real| millis(*real));
        let ratio = |i: usize| line.times.get(i).zip(real).map(|(own, real)| real / millis(*own));
        let ratios: Vec<String> =
            [0, 1].into_iter().filter_map(ratio).map(|r| format!("{r:>8.1} x")).collect();
        println!("{:<44}{}   {}", line.what, times.join(""), ratios.join(""));
    }
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

async fn measure(rival: &Rival) -> Result<Vec<(&'static str, Duration)>, Failed> {
    let maps: Api<ConfigMap> = Api::default_namespaced(rival.client.clone());
    let deployments: Api<Deployment> = Api::default_namespaced(rival.client.clone());
    let ours = PatchParams::apply("bench").force();
    let mut table = Vec::new();
    eprintln!("{}", rival.name);
    table.push((
        "create a ConfigMap",
        median(async |i| {
            maps.create(&PostParams::default(), &config_map(&format!("one-{i}"))?).await?;
            Ok(())
        })
        .await?,
    ));
    table.push((
        "create a Deployment by apply",
        median(async |i| {
            let name = format!("web-{i}");
            deployments.patch(&name, &ours, &Patch::Apply(deployment(&name, 1))).await?;
            Ok(())
        })
        .await?,
    ));
    table.push((
        "apply a Deployment with another image",
        median(async |i| {
            deployments.patch("web-0", &ours, &Patch::Apply(deployment("web-0", i + 2))).await?;
            Ok(())
        })
        .await?,
    ));
    table.push((
        "apply a Deployment without a change",
        median(async |_| {
            deployments.patch("web-1", &ours, &Patch::Apply(deployment("web-1", 1))).await?;
            Ok(())
        })
        .await?,
    ));
    table.push((
        "get a ConfigMap",
        median(async |i| {
            maps.get(&format!("one-{i}")).await?;
            Ok(())
        })
        .await?,
    ));
    fill(&maps).await?;
    table.push(("list 10 000 ConfigMaps", list(&maps, ListParams::default()).await?));
    table.push(("list 10 000 ConfigMaps, 500 at a time", pages(&maps).await?));
    table.push(("one change heard by 100 watchers", fan_out(&maps).await?));
    Ok(table)
}

/// The median time of one request.
async fn median(request: impl AsyncFn(usize) -> Result<(), Failed>) -> Result<Duration, Failed> {
    let mut times = Vec::with_capacity(COUNT);
    for i in 0..COUNT {
        let start = Instant::now();
        request(i).await?;
        times.push(start.elapsed());
    }
    let mut times = times.split_off(COUNT / 10);
    times.sort_unstable();
    times.get(times.len() / 2).copied().ok_or_else(|| "nothing was timed".into())
}

async fn fill(maps: &Api<ConfigMap>) -> Result<(), Failed> {
    let numbers = futures::stream::iter(COUNT..MANY);
    let made = numbers.map(|i| async move {
        let map = config_map(&format!("one-{i}"))?;
        maps.create(&PostParams::default(), &map).await?;
        Ok::<(), Failed>(())
    });
    let mut made = made.buffer_unordered(16);
    while let Some(result) = made.next().await {
        result?;
    }
    Ok(())
}

async fn list(maps: &Api<ConfigMap>, how: ListParams) -> Result<Duration, Failed> {
    let mut times = Vec::new();
    for _ in 0..7 {
        let start = Instant::now();
        let found = maps.list(&how).await?.items.len();
        times.push(start.elapsed());
        if found < MANY {
            return Err(format!("{found} ConfigMaps were listed").into());
        }
    }
    times.sort_unstable();
    times.get(3).copied().ok_or_else(|| "nothing was timed".into())
}

async fn pages(maps: &Api<ConfigMap>) -> Result<Duration, Failed> {
    let start = Instant::now();
    let mut how = ListParams::default().limit(500);
    loop {
        let page = maps.list(&how).await?;
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => how = how.continue_token(&token),
            None => return Ok(start.elapsed()),
        }
    }
}

/// The time from a write until the last of many watchers has heard of it.
async fn fan_out(maps: &Api<ConfigMap>) -> Result<Duration, Failed> {
    const ROUNDS: usize = 50;
    let version =
        maps.list(&ListParams::default().limit(1)).await?.metadata.resource_version.unwrap_or_default();
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..WATCHERS {
        let (maps, version, heard) = (maps.clone(), version.clone(), heard.clone());
        tokio::spawn(async move {
            let Ok(events) = maps.watch(&WatchParams::default(), &version).await else { return };
            let mut events = std::pin::pin!(events);
            while let Some(Ok(WatchEvent::Modified(_))) = events.next().await {
                if heard.send(()).is_err() {
                    return;
                }
            }
        });
    }
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        let patch = json!({ "data": { "round": round.to_string() } });
        let start = Instant::now();
        maps.patch("one-0", &PatchParams::default(), &Patch::Merge(patch)).await?;
        for _ in 0..WATCHERS {
            tokio::time::timeout(Duration::from_secs(20), hears.recv()).await?;
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().ok_or_else(|| "nothing was timed".into())
}

fn config_map(name: &str) -> Result<ConfigMap, Failed> {
    let text = "x".repeat(1000);
    Ok(serde_json::from_value(json!({ "metadata": { "name": name }, "data": { "text": text } }))?)
}

fn deployment(name: &str, image: usize) -> serde_json::Value {
    json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": { "replicas": 2, "selector": { "matchLabels": { "app": name } }, "template": {
            "metadata": { "labels": { "app": name } },
            "spec": { "containers": [{ "name": "app", "image": format!("shop:{image}"),
                "env": [{ "name": "A", "value": "1" }], "ports": [{ "containerPort": 8080 }] }] } } } })
}
