//! The story, step by step. Each step waits until it was seen to happen.

use std::future::Future;
use std::time::Instant;

use tautline::cluster::Patch;
use tautline::core::{GroupVersionKind, Object, Value, value};

use super::{DemoCluster, Repository, Result};

const NAMESPACE: &str = "production";

fn application_kind() -> GroupVersionKind {
    GroupVersionKind::new("argoproj.io", "v1alpha1", "Application")
}

fn deployment_kind() -> GroupVersionKind {
    GroupVersionKind::new("apps", "v1", "Deployment")
}

fn config_map_kind() -> GroupVersionKind {
    GroupVersionKind::new("", "v1", "ConfigMap")
}

/// An Application of the story: the chart with its values for production.
fn application(repository: &Repository, name: &str, revision: &str, namespace: &str) -> Value {
    let helm = value!({ "valueFiles": ["values-prod.yaml"] });
    of_chart(repository, name, "charts/ai-agent", helm, revision, namespace)
}

/// An Application of a folder that pins a version of a chart.
fn pinned(repository: &Repository, name: &str, path: &str) -> Value {
    of_chart(repository, name, path, value!({}), "HEAD", NAMESPACE)
}

fn of_chart(
    repository: &Repository,
    name: &str,
    path: &str,
    helm: Value,
    revision: &str,
    namespace: &str,
) -> Value {
    value!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": name, "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"] },
        "spec": {
            "project": "default",
            "source": { "repoURL": repository.path().display().to_string(), "targetRevision": revision, "path": path, "helm": helm },
            "destination": { "server": "https://kubernetes.default.svc", "namespace": namespace },
            "syncPolicy": { "automated": { "prune": true, "selfHeal": true }, "syncOptions": ["CreateNamespace=true"] }
        }
    })
}

/// Applies the Application and goes on reconciling until interrupted.
pub(crate) async fn stay(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    let app = application(repository, "ai-agent-prod", "HEAD", NAMESPACE);
    step("the Application becomes Synced and Healthy", async {
        cluster.apply(app).await?;
        green(cluster, "ai-agent-prod").await
    })
    .await?;
    println!("reconciling; commit to the repository, or edit and delete with kubectl. Stop with Ctrl-C.");
    tokio::signal::ctrl_c().await.map_err(|e| e.to_string())
}

/// Walks the whole story once.
pub(crate) async fn walk(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    step("sync: the first commit is Synced and Healthy", async {
        cluster.apply(application(repository, "ai-agent-prod", "HEAD", NAMESPACE)).await?;
        green(cluster, "ai-agent-prod").await
    })
    .await?;
    step("self-heal: an edited image goes back", heal_edit(cluster)).await?;
    let times = heal_edits(cluster, 20).await?;
    println!("  and twenty times in a row: median {times:.1} ms");
    step("self-heal: a deleted Deployment comes back", heal_deletion(cluster)).await?;
    step("commit: version v1.1 is rolled out", async {
        repository.edit("charts/ai-agent/Chart.yaml", "appVersion: v1.0", "appVersion: v1.1")?;
        repository.commit("Version v1.1")?;
        image_is(cluster, "ai-agent", "ghcr.io/my-org/ai-agent:v1.1").await?;
        green(cluster, "ai-agent-prod").await
    })
    .await?;
    step("prune: a manifest deleted in Git leaves the cluster", prune(cluster, repository)).await?;
    step("a broken commit is shown and touches nothing", broken(cluster, repository)).await?;
    step("preview: an environment for a branch comes and goes", preview(cluster, repository)).await?;
    step("stable and canary: promoting is one commit", promote(cluster, repository)).await?;
    step("order: a migration runs first, and a wave waits for the one before", ordered(cluster, repository))
        .await?;
    let refusal = step("a plan that deletes too much is refused", refused(cluster, repository)).await?;
    println!("  {refusal}");
    step("cascade: the Application goes and takes its objects along", async {
        cluster.delete(&application_kind(), "argocd", "ai-agent-prod").await?;
        gone(cluster, &application_kind(), "argocd", "ai-agent-prod").await?;
        gone(cluster, &deployment_kind(), NAMESPACE, "ai-agent").await
    })
    .await?;
    println!("every step was seen to happen");
    Ok(())
}

/// Runs a step and prints how long it took.
async fn step<T>(name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let start = Instant::now();
    let shown = work.await.map_err(|error| format!("{name}: {error}"))?;
    println!("✓ {name}  {:.0} ms", start.elapsed().as_secs_f64() * 1000.0);
    Ok(shown)
}

async fn green(cluster: &DemoCluster, app: &str) -> Result<()> {
    cluster.until(&application_kind(), "argocd", app, is_green).await?;
    Ok(())
}

fn is_green(app: Option<&Object>) -> bool {
    let at = |path: &[&str]| app.and_then(|a| a.str_at(path)).unwrap_or_default();
    at(&["status", "sync", "status"]) == "Synced" && at(&["status", "health", "status"]) == "Healthy"
}

async fn gone(cluster: &DemoCluster, gvk: &GroupVersionKind, namespace: &str, name: &str) -> Result<()> {
    cluster.until(gvk, namespace, name, |object| object.is_none()).await?;
    Ok(())
}

async fn image_is(cluster: &DemoCluster, deployment: &str, image: &str) -> Result<()> {
    let has = |object: Option<&Object>| {
        let containers = object.map(|o| o.list_at(&["spec", "template", "spec", "containers"]).to_vec());
        containers.is_some_and(|c| c.first().and_then(|c| c.str_at(&["image"])) == Some(image))
    };
    cluster.until(&deployment_kind(), NAMESPACE, deployment, has).await?;
    Ok(())
}

async fn heal_edit(cluster: &DemoCluster) -> Result<()> {
    let edit =
        value!([{ "op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "evil:1" }]);
    cluster.patch(&deployment_kind(), NAMESPACE, "ai-agent", Patch::Json(edit)).await?;
    image_is(cluster, "ai-agent", "ghcr.io/my-org/ai-agent:v1.0").await
}

/// Edits and waits, over and over; the median time to heal in milliseconds.
async fn heal_edits(cluster: &DemoCluster, count: usize) -> Result<f64> {
    let mut times = Vec::with_capacity(count);
    for round in 0..count {
        let edit = value!({ "data": { "model": format!("edited-{round}") } });
        let start = Instant::now();
        cluster.patch(&config_map_kind(), NAMESPACE, "ai-agent-settings", Patch::Merge(edit)).await?;
        let is_back = |o: Option<&Object>| o.and_then(|o| o.str_at(&["data", "model"])) == Some("small");
        cluster.until(&config_map_kind(), NAMESPACE, "ai-agent-settings", is_back).await?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

async fn heal_deletion(cluster: &DemoCluster) -> Result<()> {
    let uid = cluster.delete(&deployment_kind(), NAMESPACE, "ai-agent").await?;
    let is_new = |o: Option<&Object>| o.is_some_and(|o| o.metadata_str("uid") != uid && !o.is_terminating());
    cluster.until(&deployment_kind(), NAMESPACE, "ai-agent", is_new).await?;
    green(cluster, "ai-agent-prod").await
}

async fn prune(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    repository.edit("charts/ai-agent/values.yaml", "  greeting: Hello, how can I help?\n", "")?;
    repository.commit("Drop the prompts")?;
    gone(cluster, &config_map_kind(), NAMESPACE, "ai-agent-prompts").await
}

async fn broken(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    let good = repository.read("charts/ai-agent/templates/service.yaml")?;
    repository.write("charts/ai-agent/templates/service.yaml", &format!("{good}  broken: [1\n"))?;
    repository.commit("A mistake")?;
    let shows = |app: Option<&Object>| {
        let conditions = app.map(|a| a.list_at(&["status", "conditions"]).to_vec()).unwrap_or_default();
        conditions.iter().any(|c| {
            c.str_at(&["type"]) == Some("ComparisonError")
                && c.str_at(&["message"])
                    .is_some_and(|m| m.contains("charts/ai-agent/templates/service.yaml:"))
        })
    };
    cluster.until(&application_kind(), "argocd", "ai-agent-prod", shows).await?;
    repository.write("charts/ai-agent/templates/service.yaml", &good)?;
    repository.commit("The mistake mended")?;
    green(cluster, "ai-agent-prod").await
}

async fn preview(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    repository.branch("feature")?;
    repository.edit("charts/ai-agent/values.yaml", "model: small", "model: large")?;
    repository.commit("Try the large model")?;
    repository.main()?;
    cluster.apply(application(repository, "ai-agent-preview", "feature", "preview")).await?;
    green(cluster, "ai-agent-preview").await?;
    cluster.delete(&application_kind(), "argocd", "ai-agent-preview").await?;
    gone(cluster, &application_kind(), "argocd", "ai-agent-preview").await?;
    gone(cluster, &deployment_kind(), "preview", "ai-agent").await?;
    green(cluster, "ai-agent-prod").await
}

async fn promote(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    for track in ["stable", "canary"] {
        let path = format!("clusters/production/{track}");
        cluster.apply(pinned(repository, &format!("agent-{track}"), &path)).await?;
    }
    green(cluster, "agent-stable").await?;
    green(cluster, "agent-canary").await?;
    image_is(cluster, "agent-canary", "ghcr.io/my-org/ai-agent:v1.1").await?;
    repository.edit("clusters/production/stable/Chart.yaml", "1.0.0", "1.1.0")?;
    repository.commit("Promote v1.1")?;
    image_is(cluster, "agent-stable", "ghcr.io/my-org/ai-agent:v1.1").await?;
    green(cluster, "agent-stable").await
}

const SHOP: &str = "shop";

/// A PreSync migration Job, then a database, then what needs it.
async fn ordered(cluster: &DemoCluster, repository: &Repository) -> Result<()> {
    for (file, text) in SHOP_FILES {
        repository.write(file, text)?;
    }
    repository.commit("The shop: a migration, a database, a front")?;
    let mut app = of_chart(repository, SHOP, SHOP, Value::Null, "HEAD", SHOP);
    if let Some(app) = app.as_map_mut() {
        app.map_at("metadata").map_at("annotations").insert("tautline.dev/deletion-budget", "1");
        app.map_at("spec").map_at("source").remove("helm");
    }
    cluster.apply(app).await?;
    green(cluster, SHOP).await?;
    let made = |kind: GroupVersionKind, name: &'static str| async move {
        let found = cluster.until(&kind, SHOP, name, |object| object.is_some()).await?;
        // The settings of a wave are written once and never changed: their version tells when that was.
        let version = found.and_then(|o| o.resource_version()?.as_str().parse::<u64>().ok());
        version.ok_or_else(|| format!("{name} has no version"))
    };
    let first = made(config_map_kind(), "first-wave").await?;
    let second = made(config_map_kind(), "second-wave").await?;
    let job = GroupVersionKind::new("batch", "v1", "Job");
    let migrated =
        |job: Option<&Object>| job.is_some_and(|job| job.i64_at(&["status", "succeeded"]) == Some(1));
    cluster.until(&job, SHOP, "migrate", migrated).await?;
    let migration = made(job, "migrate").await?;
    match migration < first && first < second {
        true => Ok(()),
        false => {
            Err(format!("migration {migration}, first wave {first}, second wave {second}: out of order"))
        }
    }
}

/// Two of the shop's three objects leave Git by mistake; answers what the app says of it.
async fn refused(cluster: &DemoCluster, repository: &Repository) -> Result<String> {
    repository.write("shop/first-wave.yaml", "# gone\n")?;
    repository.commit("A bad merge")?;
    let refusal = |app: Option<&Object>| {
        let conditions = app.map(|a| a.list_at(&["status", "conditions"]).to_vec()).unwrap_or_default();
        let messages = conditions.iter().filter_map(|c| c.str_at(&["message"]));
        messages.map(str::to_owned).find(|m| m.contains("its budget is 1"))
    };
    let app = cluster.until(&application_kind(), "argocd", SHOP, |app| refusal(app).is_some()).await?;
    cluster.until(&config_map_kind(), SHOP, "first-wave", |o| o.is_some_and(|o| !o.is_terminating())).await?;
    refusal(app.as_deref()).ok_or_else(|| "the refusal is gone".to_owned())
}

const SHOP_FILES: [(&str, &str); 3] = [
    (
        "shop/migrate.yaml",
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate\n  annotations:\n    \
         argocd.argoproj.io/hook: PreSync\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      \
         restartPolicy: Never\n      containers:\n      - name: migrate\n        image: migrate:1\n",
    ),
    (
        "shop/first-wave.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: first-wave\ndata:\n  role: database\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: database\nspec:\n  selector:\n    \
         matchLabels: {app: database}\n  template:\n    metadata:\n      labels: {app: database}\n    \
         spec:\n      containers:\n      - name: database\n        image: database:1\n",
    ),
    (
        "shop/second-wave.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: second-wave\n  annotations:\n    \
         argocd.argoproj.io/sync-wave: \"1\"\ndata:\n  role: front\n",
    ),
];
