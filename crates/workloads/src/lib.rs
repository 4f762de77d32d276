//! Plays Kubernetes' built-in controllers and the kubelet on any cluster.
//!
//! An API server alone stores a Deployment and nothing happens. This crate makes it happen: ReplicaSets and
//! pods appear, become ready, are rolled over and go, by the rules and in the words of Kubernetes 1.37, in
//! milliseconds and always in the same way. Use it to test controllers and deployments against the
//! in-process server, or, as [`Play::Kubelet`], to stand in for nodes beside a real control plane.
//!
//! | module | what it holds |
//! |---|---|
//! | [`World`], [`Action`] | the controllers as a pure step: what they see, what they want done |
//! | [`Player`] | a world kept in step with a [`tautline_cluster::Stage`] |
//! | [`Play`] | who is played |
//!
//! ```
//! use std::sync::Arc;
//! use tautline_core::{Object, Timestamp, value};
//! use tautline_workloads::{Action, Play, World};
//!
//! let pod = Object::new(value!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "a", "uid": "1" },
//!     "spec": { "containers": [{ "name": "app", "image": "shop:1" }] } }))?;
//! let mut world = World::new(Play::Kubelet);
//! world.observe(Arc::new(pod));
//! let actions = world.step(Timestamp::default());
//! let Action::Patch { patch, .. } = &actions[0] else { panic!() };
//! assert_eq!(patch.str_at(&["status", "phase"]), Some("Running"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What the images' names mean
//! An image whose last path segment begins with `broken` is never pulled, one that begins with `fail` exits
//! with 1, every other runs; in pods that need not run for ever (a Job's) it exits with 0.
//!
//! Whatever an image is called, [`Player::trouble`] lets a failure befall the pods of a name, and takes it away again.
//!
//! # Where pods run
//! Without Node objects there is room for everything. With them, a pod runs only where one of them has the CPU, memory
//! and labels that it asks for, and is pending otherwise, with the scheduler's words. Which node it is, is not written:
//! `spec.nodeName` stays as it was, and a DaemonSet has one pod.
//!
//! # What it does not do
//! It tells as Events only what controllers make, remove and scale. Volumes are bound without a PersistentVolume. CronJobs
//! run in UTC: one that names another zone is never due. Time matters to `progressDeadlineSeconds`,
//! `ttlSecondsAfterFinished` and schedules, which are looked at by [`Player::catch_up`].
#![forbid(unsafe_code)]

mod action;
mod autoscaler;
mod claims;
mod cronjob;
mod daemonset;
mod deployment;
mod disruption;
mod endpoints;
mod events;
mod job;
mod kubelet;
mod player;
mod replicas;
mod revisions;
mod rolling;
mod schedule;
mod scheduler;
mod shape;
mod statefulset;
mod trouble;
mod world;

pub use action::Action;
pub use player::Player;
pub use trouble::Trouble;
pub use world::{Play, World};
