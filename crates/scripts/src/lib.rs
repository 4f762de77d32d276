//! Health in Lua, as Argo CD's customizations write it, and in CEL, as Flux does.
//!
//! Thousands of clusters carry scripts that say how a custom resource is. A script sees the object as `obj`
//! and returns a table:
//!
//! ```
//! use tautline_core::{Object, Timestamp, Value};
//! use tautline_scripts::{Limits, health};
//!
//! let script = r#"
//!     hs = { status = "Progressing", message = "Waiting for the bucket" }
//!     if obj.status ~= nil and obj.status.ready == obj.spec.size / 1 then
//!       hs.status = "Healthy"
//!       hs.message = obj.status.ready .. " of " .. obj.spec.size / 1
//!     end
//!     return hs
//! "#;
//! let json = br#"{"apiVersion":"example.org/v1","kind":"Bucket","metadata":{"name":"b"},
//!     "spec":{"size":2},"status":{"ready":2}}"#;
//! let object = Object::new(Value::from_json(json)?)?;
//! let found = health(script, &object, Timestamp::default(), &Limits::default())?.unwrap();
//! assert_eq!(found.message, "2 of 2");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Customizations`] is a set of such scripts, read from the forms in which people keep them, and a
//! [`tautline_health::HealthCheck`] that asks them before the built-in rules. It also holds CEL expressions as Flux's
//! `healthCheckExprs` has them:
//!
//! ```
//! use tautline_core::{Object, Timestamp, value};
//! use tautline_scripts::Customizations;
//!
//! let rules = Customizations::from_yaml(r#"
//! - apiVersion: bitnami.com/v1alpha1
//!   kind: SealedSecret
//!   failed: status.conditions.exists(e, e.type == 'Synced' && e.status == 'False')
//!   current: status.conditions.exists(e, e.type == 'Synced' && e.status == 'True')
//! "#)?;
//! let object = Object::new(value!({ "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret",
//!     "metadata": { "name": "db" }, "status": { "conditions": [{ "type": "Synced", "status": "True" }] } }))?;
//! let verdict = rules.judge(&object, Timestamp::default());
//! assert_eq!(verdict.health.unwrap().status.as_str(), "Healthy");
//! assert_eq!(verdict.rule, "cel bitnami.com/SealedSecret");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # One language for another
//! Argo CD runs gopher-lua: Lua 5.1 with `goto`. This is Lua 5.4 with what 5.1 had (`unpack`, `table.getn`,
//! `math.pow`, …), and with its numbers: all of them are floating point there and print without a point when
//! they are whole, also in `..`, and a failure is told in its words (`<string>:3: attempt to index a non-table
//! object(nil) with key 'phase'`); whole numbers of scripts and objects are floats here too. `pairs` goes in an order that is the same every time. `useOpenLibs` is read
//! and changes nothing: `string`, `math`, `table` and the time of `os` are always there, and what it would
//! open beyond them is never there.
//!
//! # Hostile scripts
//! A script gets a world of its own, without files, processes, modules, byte code, coroutines, finalizers or a random
//! source; the time is the caller's. What it changes in that world, library tables included, is gone after the run; a
//! thread's virtual machine, the libraries' functions and compiled scripts stay, and none of these can be changed by a
//! script. [`Limits`] bound its steps, memory and processor time: instructions are counted by a hook that, once the
//! limit is reached, fails at every further instruction, so no `pcall` outlives it; library functions that could take
//! long (patterns, `rep`, `format`, `sort`, …) are our own or pay first. A machine that was stopped is not used again.
#![forbid(unsafe_code)]

mod actions;
mod convert;
mod customizations;
mod error;
mod expressions;
mod health;
mod libraries;
mod limits;
mod machine;
mod number;
mod pattern;
mod rewrite;
mod sandbox;
mod wording;

pub use actions::{Action, Actions, Impact};
pub use customizations::{Customizations, ReadError, Verdict};
pub use error::ScriptError;
pub use health::health;
pub use limits::Limits;
