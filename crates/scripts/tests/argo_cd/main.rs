//! Tests in Argo CD's form, of the folder that `TAUTLINE_CUSTOMIZATIONS` names (its `resource_customizations`): scripts
//! and actions must come to what their tests expect, and the built-in rules to the same health.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

mod actions;
mod folder;
mod health;
