//! The core group.

pub(super) mod claims;
pub(super) mod config;
mod containers;
pub(super) mod endpoints;
mod env;
mod mounts;
pub(super) mod nodes;
pub(super) mod persistent;
pub(super) mod pods;
mod probes;
pub(super) mod quotas;
pub(super) mod resources;
pub(super) mod scheduling;
mod security;
pub(super) mod services;
mod volumes;
