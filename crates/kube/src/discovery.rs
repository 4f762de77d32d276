//! What a cluster serves: aggregated discovery, and the older kind where there is no other.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tautline_cluster::{ApiResource, ClusterError, Discovery, Result};
use tautline_core::{GroupVersion, GroupVersionKind};

use crate::call::{Answer, Call, unreadable};

/// Aggregated discovery if the server knows it, else whatever it has.
const ACCEPT: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// Asks for everything the server serves, in three requests; in one more for each group version if the
/// server is older than 1.27.
pub(crate) async fn discover(client: &kube::Client) -> Result<Discovery> {
    let version = async {
        let answer = Call::get(client, "/version".to_owned()).send().await?;
        Ok::<_, ClusterError>(decode::<ServerVersion>(&answer)?.git_version)
    };
    let core = async {
        let answer = Call::get(client, "/api".to_owned()).accept(ACCEPT).send().await?;
        core_groups(client, &answer).await
    };
    let named = async {
        let answer = Call::get(client, "/apis".to_owned()).accept(ACCEPT).send().await?;
        named_groups(client, &answer).await
    };
    let (server_version, mut found, rest) = futures::try_join!(version, core, named)?;
    found.resources.extend(rest.resources);
    found.stale.extend(rest.stale);
    Ok(Discovery { resources: found.resources, stale: found.stale, server_version })
}

#[derive(Default)]
struct Found {
    resources: Vec<ApiResource>,
    stale: Vec<GroupVersion>,
}

async fn core_groups(client: &kube::Client, answer: &Answer) -> Result<Found> {
    if let Some(found) = aggregated(answer)? {
        return Ok(found);
    }
    let versions: CoreVersions = decode(answer)?;
    let groups = versions.versions.into_iter().map(|version| GroupVersion { group: String::new(), version });
    one_by_one(client, groups.collect()).await
}

async fn named_groups(client: &kube::Client, answer: &Answer) -> Result<Found> {
    if let Some(found) = aggregated(answer)? {
        return Ok(found);
    }
    let list: GroupList = decode(answer)?;
    let mut groups = Vec::new();
    for group in list.groups {
        let preferred = group.preferred_version.map(|v| v.group_version).unwrap_or_default();
        let mut versions: Vec<String> = group.versions.into_iter().map(|v| v.group_version).collect();
        versions.sort_by_key(|version| *version != preferred);
        groups.extend(versions.iter().map(|version| GroupVersion::parse(version)));
    }
    one_by_one(client, groups).await
}

/// The list of an aggregated answer; none if the server answered in the older form.
fn aggregated(answer: &Answer) -> Result<Option<Found>> {
    let kind: Kind = decode(answer)?;
    if kind.kind != "APIGroupDiscoveryList" {
        return Ok(None);
    }
    let list: DiscoveryList = decode(answer)?;
    let mut found = Found::default();
    for group in list.items {
        for version in group.versions {
            if version.freshness.as_deref() == Some("Stale") {
                let group = group.metadata.name.clone();
                found.stale.push(GroupVersion { group, version: version.version.clone() });
            }
            let gv = GroupVersion { group: group.metadata.name.clone(), version: version.version };
            found.resources.extend(version.resources.into_iter().filter_map(|r| r.resource(&gv)));
        }
    }
    Ok(Some(found))
}

/// Group version by group version. One that does not answer is stale: what it serves is unknown, not absent.
async fn one_by_one(client: &kube::Client, groups: Vec<GroupVersion>) -> Result<Found> {
    let mut found = Found::default();
    for gv in groups {
        let path = if gv.group.is_empty() { format!("/api/{gv}") } else { format!("/apis/{gv}") };
        let listed = match Call::get(client, path).send().await {
            Ok(answer) => decode::<ResourceList>(&answer),
            Err(error) => Err(error),
        };
        match listed {
            Ok(list) => found.resources.extend(list.of(&gv)),
            Err(error) if error.is_retryable() || error.status().is_some() => found.stale.push(gv),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn decode<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| unreadable(&answer.step, &error.to_string()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerVersion {
    git_version: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct DiscoveryList {
    #[serde(default)]
    items: Vec<DiscoveryGroup>,
}

#[derive(Deserialize)]
struct DiscoveryGroup {
    #[serde(default)]
    metadata: Named,
    #[serde(default)]
    versions: Vec<DiscoveryVersion>,
}

#[derive(Deserialize, Default)]
struct Named {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct DiscoveryVersion {
    version: String,
    freshness: Option<String>,
    #[serde(default)]
    resources: Vec<DiscoveryResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DiscoveryResource {
    resource: String,
    response_kind: Option<ResponseKind>,
    scope: Option<String>,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    subresources: Vec<DiscoverySubresource>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct DiscoverySubresource {
    subresource: String,
}

impl DiscoveryResource {
    /// Some entries stand only for their subresources and have no kind.
    fn resource(self, gv: &GroupVersion) -> Option<ApiResource> {
        let kind = self.response_kind.map(|r| r.kind).filter(|kind| !kind.is_empty())?;
        Some(ApiResource {
            gvk: GroupVersionKind::new(&gv.group, &gv.version, kind),
            plural: self.resource,
            namespaced: self.scope.as_deref() == Some("Namespaced"),
            verbs: self.verbs,
            short_names: self.short_names,
            subresources: self.subresources.into_iter().map(|s| s.subresource).collect(),
        })
    }
}

#[derive(Deserialize)]
struct CoreVersions {
    #[serde(default)]
    versions: Vec<String>,
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<LegacyGroup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyGroup {
    #[serde(default)]
    versions: Vec<LegacyVersion>,
    preferred_version: Option<LegacyVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyVersion {
    group_version: String,
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyResource {
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
    #[serde(default)]
    short_names: Vec<String>,
}

impl ResourceList {
    fn of(self, gv: &GroupVersion) -> Vec<ApiResource> {
        let (below, whole): (Vec<_>, Vec<_>) = self.resources.into_iter().partition(|r| r.name.contains('/'));
        let resource = |r: LegacyResource| {
            let of_it =
                |s: &LegacyResource| s.name.strip_prefix(&r.name)?.strip_prefix('/').map(str::to_owned);
            ApiResource {
                gvk: GroupVersionKind::new(&gv.group, &gv.version, &r.kind),
                subresources: below.iter().filter_map(of_it).collect(),
                plural: r.name,
                namespaced: r.namespaced,
                verbs: r.verbs,
                short_names: r.short_names,
            }
        };
        whole.into_iter().map(resource).collect()
    }
}
