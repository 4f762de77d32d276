//! Which table a kind has, and its columns.

use tautline_core::GroupVersionKind;

use super::Column;
use super::rarer::{self, Rare};

/// Which table a kind has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Pod,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Service,
    Ingress,
    ConfigMap,
    Secret,
    Namespace,
    Node,
    Claim,
    Volume,
    Endpoints,
    EndpointSlice,
    Event,
    Lease,
    Rare(Rare),
    Other,
}

pub(super) fn shape(gvk: &GroupVersionKind) -> Shape {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => Shape::Pod,
        ("apps", "Deployment") => Shape::Deployment,
        ("apps", "ReplicaSet") | ("", "ReplicationController") => Shape::ReplicaSet,
        ("apps", "StatefulSet") => Shape::StatefulSet,
        ("apps", "DaemonSet") => Shape::DaemonSet,
        ("batch", "Job") => Shape::Job,
        ("batch", "CronJob") => Shape::CronJob,
        ("", "Service") => Shape::Service,
        ("networking.k8s.io", "Ingress") => Shape::Ingress,
        ("", "ConfigMap") => Shape::ConfigMap,
        ("", "Secret") => Shape::Secret,
        ("", "Namespace") => Shape::Namespace,
        ("", "Node") => Shape::Node,
        ("", "PersistentVolumeClaim") => Shape::Claim,
        ("", "PersistentVolume") => Shape::Volume,
        ("", "Endpoints") => Shape::Endpoints,
        ("discovery.k8s.io", "EndpointSlice") => Shape::EndpointSlice,
        ("" | "events.k8s.io", "Event") => Shape::Event,
        ("coordination.k8s.io", "Lease") => Shape::Lease,
        _ => rarer::of(gvk).map_or(Shape::Other, Shape::Rare),
    }
}

/// Column names with `*` for integers, `?` for truths, `@` for times and `+` for those of `-o wide`.
fn names(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Pod => &[
            "Name",
            "Ready",
            "Status",
            "Restarts",
            "Age",
            "+IP",
            "+Node",
            "+Nominated Node",
            "+Readiness Gates",
        ],
        Shape::Deployment => {
            &["Name", "Ready", "Up-to-date", "Available", "Age", "+Containers", "+Images", "+Selector"]
        }
        Shape::ReplicaSet => {
            &["Name", "*Desired", "*Current", "*Ready", "Age", "+Containers", "+Images", "+Selector"]
        }
        Shape::StatefulSet => &["Name", "Ready", "Age", "+Containers", "+Images"],
        Shape::DaemonSet => &[
            "Name",
            "*Desired",
            "*Current",
            "*Ready",
            "*Up-to-date",
            "*Available",
            "Node Selector",
            "Age",
            "+Containers",
            "+Images",
            "+Selector",
        ],
        Shape::Job => {
            &["Name", "Status", "Completions", "Duration", "Age", "+Containers", "+Images", "+Selector"]
        }
        Shape::CronJob => &[
            "Name",
            "Schedule",
            "Timezone",
            "?Suspend",
            "*Active",
            "Last Schedule",
            "Age",
            "+Containers",
            "+Images",
            "+Selector",
        ],
        Shape::Service => &["Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "+Selector"],
        Shape::Ingress => &["Name", "Class", "Hosts", "Address", "Ports", "Age"],
        Shape::ConfigMap => &["Name", "Data", "Age"],
        Shape::Secret => &["Name", "Type", "Data", "Age"],
        Shape::Namespace => &["Name", "Status", "Age"],
        Shape::Node => &["Name", "Status", "Roles", "Age", "Version"],
        Shape::Claim => &[
            "Name",
            "Status",
            "Volume",
            "Capacity",
            "Access Modes",
            "StorageClass",
            "VolumeAttributesClass",
            "Age",
            "+VolumeMode",
        ],
        Shape::Volume => &[
            "Name",
            "Capacity",
            "Access Modes",
            "Reclaim Policy",
            "Status",
            "Claim",
            "StorageClass",
            "VolumeAttributesClass",
            "Reason",
            "Age",
            "+VolumeMode",
        ],
        Shape::Endpoints => &["Name", "Endpoints", "Age"],
        Shape::EndpointSlice => &["Name", "AddressType", "Ports", "Endpoints", "Age"],
        Shape::Event => &[
            "Last Seen",
            "Type",
            "Reason",
            "Object",
            "+Subobject",
            "+Source",
            "Message",
            "+First Seen",
            "+Count",
            "+Name",
        ],
        Shape::Lease => &["Name", "Holder", "Age"],
        Shape::Rare(rare) => rare.columns,
        Shape::Other => &["Name", "Age"],
    }
}

pub(super) fn columns(shape: Shape) -> Vec<Column> {
    let column = |name: &&str| {
        let wide = name.starts_with('+');
        let plain = name.trim_start_matches(['+', '*', '?', '@']);
        let kind = match name.chars().next() {
            Some('*') => "integer",
            Some('?') => "boolean",
            Some('@') => "date",
            _ => "string",
        };
        Column { priority: i64::from(wide), ..Column::new(plain, kind) }
    };
    names(shape).iter().map(column).collect()
}
