//! A template run by crate gotemplate.

use std::sync::{Arc, LazyLock};

use tautline_core::Value as Core;
use tautline_gotemplate::{
    Engine, Functions, Go, Map, MapType, MissingKey, Options, Signature, Str, Templates, Type, Value,
};

use super::VALUES;

/// The bytes a template gives, or the message it fails with.
pub type Answer = Result<Vec<u8>, String>;

/// Sprig's functions and Helm's `include`.
static FUNCTIONS: LazyLock<Arc<Functions>> = LazyLock::new(|| {
    let mut functions = Functions::sprig();
    functions.add("include", Signature::fixed(&[Type::String, Type::Any]), |call| {
        let text = call.engine.execute_bytes(call.text(0).as_bytes(), call.arg(1))?;
        Ok(Str::from_bytes(text).into())
    });
    Arc::new(functions)
});

/// The type of Helm's values.
static VALUES_TYPE: MapType = MapType { name: "common.Values" };
static VALUES_TYPE_OF_HELM_3: MapType = MapType { name: "chartutil.Values" };

/// Runs a template under a name, over [`VALUES`] as `.Values`.
pub fn answer(name: &str, text: &str, go: Go) -> Answer {
    let mut templates = Templates::new(FUNCTIONS.clone()).named("gotpl").for_go(go);
    templates.parse(name, text).map_err(|error| error.to_string())?;
    let values = Core::from_json(VALUES.as_bytes()).map_err(|error| error.to_string())?;
    let named = if go < Go::V1_26 { &VALUES_TYPE_OF_HELM_3 } else { &VALUES_TYPE };
    let values = match Value::from_yaml(&values) {
        Value::Map(map) => map.named(named).into(),
        other => other,
    };
    let dot: Map = [("Values", values)].into_iter().collect();
    let options = Options { missing_key: MissingKey::Zero, go, ..Options::default() };
    let mut engine = Engine::new(Arc::new(templates), options);
    engine.execute_bytes(name.as_bytes(), &dot.into()).map_err(|failure| failure.to_string())
}
