//! What the conformance and differential tests share.
#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "a test stand fails by panicking with what it saw")]

pub mod fixtures;
pub mod helm_cases;
pub mod kustomize_cases;
pub mod merge_cases;
pub mod model;
#[allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a scenario fails the test that plays it"
)]
pub mod scenario;
pub mod semver_cases;
pub mod served_cases;
#[allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a simulation fails the test that runs it"
)]
pub mod simulation;
#[allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a stand fails the test that uses it"
)]
pub mod stand;
pub mod template_cases;
pub mod yaml_cases;
