//! Kubernetes' YAML: reads what Go's tools read, writes what they write.
//!
//! A manifest passes through go-yaml v2 on its way into a cluster, and that library has opinions: `0644` is
//! 420, `on` is true, `1e3` is 1000, a later `<<` wins. What `kubectl -o yaml` prints follows it as well.
//! This crate is those opinions over the events of a YAML 1.2 parser, with positions, budgets for hostile
//! input and a fast path for the plain block style that manifests are written in.
//!
//! | item | what it is |
//! |---|---|
//! | [`read`], [`read_all`] | text to [`Value`](tautline_core::Value)s, within [`Options`] |
//! | [`split()`] | the documents of a stream with their lines, as kubectl cuts it |
//! | [`decode`] | bytes to text: byte order marks, UTF-16 |
//! | [`write()`] | a value as `kubectl -o yaml` prints it |
//! | [`Node`] | the tree with scalar text, style, tag, span and comments, to read and to change |
//! | [`write_node`], [`write_canonical`] | a tree as kyaml prints it, or as `kustomize build` does: through JSON |
//! | [`Error`], [`snippet`] | what is wrong and where; the lines around it, separately |
//!
//! ```
//! use tautline_yaml::{Options, read, write};
//!
//! let value = read("mode: 0644\nenabled: on\nanswer: \"yes\"\n", &Options::default())?;
//! assert_eq!(value.to_json(), r#"{"answer":"yes","enabled":true,"mode":420}"#);
//! assert_eq!(write(&value), "answer: \"yes\"\nenabled: true\nmode: 420\n");
//! # Ok::<(), tautline_yaml::Error>(())
//! ```
//!
//! # What it does not do
//! It never shows content in an error: a snippet is a value of its own. Comments survive in [`Node`] only.
//! The Unicode line breaks NEL, LS and PS are ordinary characters within scalars, as in YAML 1.2. Error
//! messages are ours, not go-yaml's.
#![forbid(unsafe_code)]

mod decode;
mod error;
mod fast;
mod full;
mod node;
mod read;
mod scalar;
mod split;
mod write;

pub use decode::decode;
pub use error::{Error, ErrorKind, Snippet, snippet};
pub use node::{
    Anchor, Comment, Extras, Node, NodeKind, ScalarStyle, Span, Tag, nodes, nodes_from, nodes_fully,
};
pub use read::{Options, Resolver, read, read_all, read_fully};
pub use scalar::{Scalar, resolve};
pub use split::{Document, split};
pub use write::{Style, is_written_plain, write, write_canonical, write_canonical_onto, write_node};
