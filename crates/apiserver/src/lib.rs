//! A Kubernetes API server in the process: a synchronous store with an injected clock.
//!
//! Test a controller against a cluster that starts in milliseconds, needs no Docker, no Go and no network,
//! and does the same every time: uids come from a sequence, time from your clock, and when a call returns,
//! everything that it causes inside the server has happened. It refuses what kube-apiserver 1.37 refuses, in
//! its words; crates `schema` and `merge` give it the real types and the real server-side apply.
//!
//! Use it for tests, simulations and demos. It keeps everything in memory: it is not a server for a cluster.
//!
//! | item | what it is |
//! |---|---|
//! | [`Server`], [`Options`] | the server; clones are handles to one store |
//! | [`Local`], [`Identity`] | a caller in the process: a [`tautline_cluster::Cluster`] and a [`tautline_cluster::Stage`], and the same without `async` |
//! | [`Watch`], [`WatchEvent`] | changes, as an iterator of what is there or a stream of what comes |
//! | [`Failure`], [`Wrong`] | what the server refuses, with reason, details and causes |
//! | [`FaultRule`], [`Right`], [`Admission`] | requests that fail on demand, rights taken away, admission hooks |
//! | [`Counts`] | how often who asked for what |
//! | [`Snapshot`] | the state as files: export, import, and from any cluster |
//! | `HttpService` (feature `http`) | a tower service for `kube::Client::new` |
//! | `Listener` (feature `tcp`) | TLS with a bearer token, and a kubeconfig: kubectl works on it |
//!
//! ```
//! use tautline_apiserver::{Fault, FaultRule, Identity, Matcher, Server, Verb};
//! use tautline_cluster::{Target, WriteOptions};
//! use tautline_core::{FieldManager, Object, value};
//!
//! let server = Server::default();
//! let cluster = server.caller(Identity::admin("my-test"));
//! let config = Object::new(value!({ "apiVersion": "v1", "kind": "ConfigMap",
//!     "metadata": { "name": "settings", "namespace": "default" }, "data": { "colour": "red" } }))?;
//! let maps = cluster.resource("v1", "ConfigMap").ok_or("not served")?;
//! let target = Target::of(maps, &config);
//! let options = WriteOptions::by(FieldManager::new("my-test"));
//!
//! let written = cluster.server_apply(&target, &config, &options)?;
//! assert!(written.created);
//!
//! server.add_fault(FaultRule::once(Matcher::new(Verb::Patch, "configmaps"), Fault::TooManyRequests(1)));
//! assert_eq!(cluster.server_apply(&target, &config, &options).unwrap_err().code, 429);
//! assert_eq!(server.counts().of(Verb::Patch, "configmaps"), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Controllers
//! With [`Options::controllers`] (the default) garbage is collected by ownerReferences in all three ways,
//! namespaces empty themselves and get their `default` ServiceAccount. Deployments, Jobs and pods live only
//! when crate `workloads` plays their controllers and the kubelet.
//!
//! # Who may do what
//! With [`Options::rbac`] roles and bindings are evaluated: the built-in ClusterRoles are there and are aggregated,
//! nobody grants what he does not hold, impersonation is asked for, and reviews answer with the reason. Tokens of
//! service accounts are good on the TCP side. Without it everybody may do everything but what a [`Right`] takes away.
//! With [`Options::quotas`] ResourceQuotas are counted and enforced, and LimitRanges default and bound pods.
//!
//! # Admission
//! [`Admission`] hooks are Rust. ValidatingAdmissionPolicies and MutatingAdmissionPolicies are run as the real server
//! runs them, with their bindings, parameters, conditions and variables; a policy that could never run is refused when
//! it is made. Policies are in force with the next request. Nothing fills in a policy's `status`, audit annotations are
//! evaluated and dropped, and a `Warn` on a delete is not heard.
//!
//! # What it does not do
//! It calls no webhooks, neither for admission nor for conversion. It reads JSON, YAML and protobuf, and answers in JSON
//! and YAML. OpenAPI v2 is empty, and v3 has the types' names but, of built-in kinds, no descriptions.
//!
//! Objects are validated as the real server does it, in its words, create and update: the core group except
//! Events, ServiceAccounts and most of a Node; apps, batch, networking, autoscaling/v2, policy, rbac, scheduling,
//! StorageClasses, EndpointSlices, Leases, CustomResourceDefinitions, admission policies and webhook configurations. Of a
//! status only that of a Service is checked. Other kinds (resource.k8s.io, flow control, certificates, CSI)
//! are held to their types and metadata alone, and autoscaling/v1 is not checked beyond them. Time zones of CronJobs
//! are judged by their look.
#![cfg_attr(feature = "http", doc = include_str!("lesson.md"))]
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "http"), allow(dead_code, reason = "the HTTP side alone asks for some answers"))]

mod addresses;
#[cfg(feature = "http")]
mod age;
mod authorize;
mod caller;
mod catalog;
mod controllers;
mod convert;
mod crd_names;
#[cfg(feature = "http")]
mod eviction;
mod failure;
mod go_decode;
mod go_fields;
mod go_json;
#[cfg(feature = "http")]
mod http;
mod local;
mod openapi;
mod options;
mod policies;
mod protobuf;
mod read;
mod rules;
mod scale;
mod server;
mod snapshot;
mod state;
mod store;
#[cfg(feature = "http")]
mod table;
#[cfg(feature = "tcp")]
mod tcp;
mod typing;
mod validate;
mod watch;
mod write;

pub use caller::{Ask, Identity, Verb};
pub use failure::{Details, Failure, Wrong};
#[cfg(feature = "http")]
pub use http::{Body, Broken, HttpService};
pub use local::Local;
pub use options::Options;
pub use rules::{Admission, Count, Counts, Fault, FaultRule, Matcher, Review, Right};
pub use server::Server;
pub use snapshot::{Snapshot, SnapshotError};
#[cfg(feature = "tcp")]
pub use tcp::{ListenError, ListenOptions, Listener};
pub use watch::{Watch, WatchEvent};
