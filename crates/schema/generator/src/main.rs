//! Writes the built-in schema table and the table of known keys.
//!
//! ```text
//! cargo run -p tautline-schema-generator -- OPENAPI_DIR DISCOVERY_JSON MODULES_DIR
//! ```
//! `OPENAPI_DIR` is `api/openapi-spec` of the Go module `k8s.io/kubernetes`; `DISCOVERY_JSON` lists what a
//! default API server serves; `MODULES_DIR` holds the Go modules `k8s.io/api@…`, `apimachinery@…`,
//! `apiextensions-apiserver@…` and `kube-aggregator@…`, whose struct tags say how fields are printed.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a generator reads and writes files")]

mod discovery;
mod go_types;
mod known_keys;

use std::path::{Path, PathBuf};

use tautline_core::Value;

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [openapi, discovery, modules] = arguments.as_slice() else {
        return Err("three arguments expected: OPENAPI_DIR DISCOVERY_JSON MODULES_DIR".into());
    };
    let documents = documents(&Path::new(openapi).join("v3"))?;
    let kinds = discovery::read(&json(Path::new(discovery))?);
    let structs = go_types::Structs::read(Path::new(modules))?;
    let presence = |definition: &str, field: &str, kind| structs.presence(definition, field, kind);
    let (table, names) = tautline_schema::generate::table(&documents, kinds, &presence);

    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    std::fs::write(here.join("../src/builtin/table.lz4"), &table)?;
    let known = here.join("../../core/src/value/known.rs");
    let before = std::fs::read_to_string(&known)?;
    std::fs::write(&known, known_keys::file(&before, names))?;
    println!("table: {} bytes from {} documents", table.len(), documents.len());
    Ok(())
}

fn documents(folder: &Path) -> Result<Vec<Value>, AnyError> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    paths.iter().filter(|path| path.extension().is_some_and(|e| e == "json")).map(|path| json(path)).collect()
}

fn json(path: &Path) -> Result<Value, AnyError> {
    Value::from_json(&std::fs::read(path)?).map_err(|e| format!("{}: {e}", path.display()).into())
}
